module "t6" {
  source   = "./modules/bucket"
  for_each = toset(["eu-west-1", "ap-southeast-1"])
  name     = "t6-shop-${each.key}"
  region   = each.key
}
