resource "azurerm_storage_account" "t11" {
  name                     = "t11shop"
  resource_group_name      = "shop"
  location                 = "Brazil South"
  account_tier             = "Standard"
  account_replication_type = "GRS"
  tags                     = local.tags
}
