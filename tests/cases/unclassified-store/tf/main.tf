variable "dr_region" { default = "ap-southeast-1" }
provider "aws" { region = "eu-central-1" }
provider "aws" {
  alias  = "dr"
  region = var.dr_region
}
resource "aws_db_instance" "orders" {
  identifier     = "orders"
  engine         = "postgres"
  instance_class = "db.t3.large"
}
resource "aws_db_instance" "orders_dr" {
  provider            = aws.dr
  identifier          = "orders-dr"
  replicate_source_db = aws_db_instance.orders.arn
  instance_class      = "db.t3.large"
}
resource "aws_instance" "app" {
  ami = "ami-1"
  instance_type = "t3.large"
  private_ip = "10.1.0.10"
}
resource "aws_s3_bucket" "build" {
  provider = aws.dr
  bucket   = "build-artifacts"
}
