dr_region = "eu-west-1"
