resource "aws_globalaccelerator_accelerator" "t15" {
  name = "t15"
}

resource "aws_globalaccelerator_listener" "t15" {
  accelerator_arn = aws_globalaccelerator_accelerator.t15.id
  protocol        = "TCP"
}

resource "aws_globalaccelerator_endpoint_group" "t15" {
  listener_arn          = aws_globalaccelerator_listener.t15.id
  endpoint_group_region = "ap-northeast-1"
  endpoint_configuration {
    endpoint_id = aws_instance.t15.id
  }
}

resource "aws_instance" "t15" {
  region = "ap-northeast-1"
  ami    = "ami-1"
}

resource "aws_route53_record" "t15" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = "fast.shop.example.eu"
  type    = "A"
  alias {
    name                   = aws_globalaccelerator_accelerator.t15.dns_name
    zone_id                = aws_globalaccelerator_accelerator.t15.hosted_zone_id
    evaluate_target_health = true
  }
}
