module "t5" {
  source    = "./modules/bucket"
  providers = { aws = aws.us }
  name      = "t5-shop"
}
