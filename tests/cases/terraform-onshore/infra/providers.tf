variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "dr_region" {
  type = string
}

locals {
  dr   = var.dr_region
  tags = { data = "customers" }
}

provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "us"
  region = "us-east-1"
}

provider "aws" {
  alias  = "dr"
  region = local.dr
}

