resource "google_storage_bucket" "t10" {
  name     = "t10-shop"
  location = "US"
  labels   = local.tags
}

resource "google_secret_manager_secret" "t10" {
  secret_id = "t10"
  labels    = local.tags
  replication {
    auto {}
  }
}
