# Meetings go to the first media router that answers its checks, the backup bridges last.
resource "azurerm_traffic_manager_profile" "media" {
  name                   = "media"
  resource_group_name    = "zoom"
  traffic_routing_method = "Priority"
  dns_config {
    relative_name = "zoom-media"
    ttl           = 30
  }
  monitor_config {
    protocol = "TCP"
    port     = 8801
  }
}

resource "azurerm_traffic_manager_external_endpoint" "sjc1" {
  name       = "sjc1"
  profile_id = azurerm_traffic_manager_profile.media.id
  target     = "162.255.37.10"
  priority   = 1
}

resource "azurerm_traffic_manager_external_endpoint" "nyc1" {
  name       = "nyc1"
  profile_id = azurerm_traffic_manager_profile.media.id
  target     = "10.20.4.11"
  priority   = 2
}

resource "azurerm_traffic_manager_external_endpoint" "beijing" {
  name       = "beijing"
  profile_id = azurerm_traffic_manager_profile.media.id
  target     = "221.122.88.70"
  priority   = 3
}

resource "azurerm_traffic_manager_external_endpoint" "tsn1" {
  name       = "tsn1"
  profile_id = azurerm_traffic_manager_profile.media.id
  target     = "10.86.4.11"
  priority   = 4
}
