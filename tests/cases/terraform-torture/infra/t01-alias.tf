resource "aws_instance" "t1" {
  provider = aws.us
  ami      = "ami-1"
  tags     = local.tags
}
