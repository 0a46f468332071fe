variable "name" {
  type = string
}

variable "region" {
  type    = string
  default = null
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
  region = var.region
  tags   = { data = "customers" }
}
