resource "aws_lb" "eu" {
  name = "t8-eu"
}

resource "aws_lb" "us" {
  provider = aws.us
  name     = "t8-us"
}

resource "aws_route53_zone" "shop" {
  name = "shop.example.eu"
}

resource "aws_route53_record" "t8_primary" {
  zone_id        = aws_route53_zone.shop.zone_id
  name           = "shop.example.eu"
  type           = "A"
  set_identifier = "primary"
  failover_routing_policy {
    type = "PRIMARY"
  }
  alias {
    name                   = aws_lb.eu.dns_name
    zone_id                = aws_lb.eu.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "t8_secondary" {
  zone_id        = aws_route53_zone.shop.zone_id
  name           = "shop.example.eu"
  type           = "A"
  set_identifier = "secondary"
  failover_routing_policy {
    type = "SECONDARY"
  }
  alias {
    name                   = aws_lb.us.dns_name
    zone_id                = aws_lb.us.zone_id
    evaluate_target_health = true
  }
}
