resource "aws_s3_bucket" "t2" {
  bucket = "t2-shop"
  region = "us-east-2"
  tags   = local.tags
}
