resource "aws_s3_bucket" "t3" {
  bucket = "t3-shop"
  tags   = local.tags
}
