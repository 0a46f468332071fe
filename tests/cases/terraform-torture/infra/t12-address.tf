resource "aws_route53_record" "t12" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = "shop.example.eu"
  type    = "AAAA"
  ttl     = 60
  records = ["2600:1f18::1"]
}
