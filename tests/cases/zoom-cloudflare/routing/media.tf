# Meetings go to the media routers near by, and to the pool of backup bridges when those fail their checks. Not proxied: Cloudflare only
# answers for the name, and carries no meeting.
resource "cloudflare_load_balancer" "media" {
  zone_id         = "699d98642c564d2e855e9661899b7252"
  name            = "media.zoom.example"
  proxied         = false
  steering_policy = "off"
  default_pools   = [cloudflare_load_balancer_pool.near.id]
  fallback_pool   = cloudflare_load_balancer_pool.backup.id
}

resource "cloudflare_load_balancer_monitor" "media" {
  account_id = "023e105f4ecef8ad9ca31a8372d0c353"
  type       = "tcp"
  port       = 8801
}

resource "cloudflare_load_balancer_pool" "near" {
  account_id = "023e105f4ecef8ad9ca31a8372d0c353"
  name       = "near"
  monitor    = cloudflare_load_balancer_monitor.media.id
  origins = [
    { name = "sjc1", address = "162.255.37.10" },
    { name = "nyc1", address = "10.20.4.11" },
  ]
}

resource "cloudflare_load_balancer_pool" "backup" {
  account_id = "023e105f4ecef8ad9ca31a8372d0c353"
  name       = "backup"
  origins = [
    { name = "beijing", address = "221.122.88.70" },
    { name = "tsn1", address = "10.86.4.11" },
  ]
}
