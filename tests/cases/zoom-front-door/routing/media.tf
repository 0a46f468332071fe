# Meetings go to the media routers near by, and to the backup bridges when those fail their checks.
resource "azurerm_cdn_frontdoor_profile" "zoom" {
  name                = "zoom"
  resource_group_name = "zoom"
  sku_name            = "Standard_AzureFrontDoor"
}

resource "azurerm_cdn_frontdoor_origin_group" "media" {
  name                     = "media"
  cdn_frontdoor_profile_id = azurerm_cdn_frontdoor_profile.zoom.id
  health_probe {
    interval_in_seconds = 30
    path                = "/health"
    protocol            = "Https"
    request_type        = "HEAD"
  }
  load_balancing {}
}

resource "azurerm_cdn_frontdoor_origin" "sjc1" {
  name                          = "sjc1"
  cdn_frontdoor_origin_group_id = azurerm_cdn_frontdoor_origin_group.media.id
  host_name                     = "162.255.37.10"
  https_port                    = 8801
  priority                      = 1
}

resource "azurerm_cdn_frontdoor_origin" "nyc1" {
  name                          = "nyc1"
  cdn_frontdoor_origin_group_id = azurerm_cdn_frontdoor_origin_group.media.id
  host_name                     = "10.20.4.11"
  https_port                    = 8801
  priority                      = 1
}

resource "azurerm_cdn_frontdoor_origin" "beijing" {
  name                          = "beijing"
  cdn_frontdoor_origin_group_id = azurerm_cdn_frontdoor_origin_group.media.id
  host_name                     = "221.122.88.70"
  https_port                    = 8801
  priority                      = 2
}

resource "azurerm_cdn_frontdoor_origin" "tsn1" {
  name                          = "tsn1"
  cdn_frontdoor_origin_group_id = azurerm_cdn_frontdoor_origin_group.media.id
  host_name                     = "10.86.4.11"
  https_port                    = 8801
  priority                      = 2
}
