variable "region" {}

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "told"
  region = var.region
}

resource "aws_s3_bucket" "here" {
  bucket = "here-example"
}

resource "aws_s3_bucket" "told" {
  provider = aws.told
  bucket   = "told-example"
}

resource "aws_sqs_queue" "told" {
  provider = aws.told
  name     = "told"
}

resource "aws_quantum_loom" "a" {
  name = "a"
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = "{}"
}
