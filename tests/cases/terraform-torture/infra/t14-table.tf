resource "aws_dynamodb_table" "t14" {
  name     = "t14-shop"
  hash_key = "id"
  tags     = local.tags
  attribute {
    name = "id"
    type = "S"
  }
  dynamic "replica" {
    for_each = ["us-west-1"]
    content {
      region_name = replica.value
    }
  }
}
