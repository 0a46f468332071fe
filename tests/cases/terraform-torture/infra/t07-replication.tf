resource "aws_s3_bucket" "t7" {
  bucket = "t7-shop"
  tags   = local.tags
}

resource "aws_s3_bucket" "t7_copy" {
  provider = aws.us
  bucket   = "t7-shop-copy"
}

resource "aws_s3_bucket_replication_configuration" "t7" {
  bucket = aws_s3_bucket.t7.id
  role   = "arn:aws:iam::111122223333:role/copy"

  rule {
    status = "Enabled"
    destination {
      bucket = aws_s3_bucket.t7_copy.arn
    }
  }
}
