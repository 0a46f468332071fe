resource "aws_s3_bucket" "t4" {
  provider = aws.dr
  bucket   = "t4-shop"
  tags     = local.tags
}
