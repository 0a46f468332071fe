resource "aws_cloudwatch_log_group" "t13" {
  name = "t13-shop"
  tags = local.tags
}

resource "aws_cloudwatch_log_subscription_filter" "t13" {
  name            = "t13"
  log_group_name  = aws_cloudwatch_log_group.t13.name
  filter_pattern  = ""
  destination_arn = "arn:aws:logs:us-east-1:${var.log_account}:destination:central"
}

variable "log_account" {}
