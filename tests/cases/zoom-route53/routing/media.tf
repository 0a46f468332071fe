# Meetings go to the media routers near by, and to the backup bridges when those fail their checks: records of weight 0 answer only
# when all others are unhealthy.
resource "aws_route53_zone" "zoom" {
  name = "zoom.example"
}

resource "aws_route53_health_check" "media" {
  for_each          = toset(["162.255.37.10", "10.20.4.11"])
  ip_address        = each.value
  port              = 8801
  type              = "TCP"
  failure_threshold = 2
  request_interval  = 10
}

resource "aws_route53_record" "sjc1" {
  zone_id         = aws_route53_zone.zoom.zone_id
  name            = "media"
  type            = "A"
  ttl             = 30
  records         = ["162.255.37.10"]
  set_identifier  = "sjc1"
  health_check_id = aws_route53_health_check.media["162.255.37.10"].id
  weighted_routing_policy {
    weight = 100
  }
}

resource "aws_route53_record" "nyc1" {
  zone_id         = aws_route53_zone.zoom.zone_id
  name            = "media"
  type            = "A"
  ttl             = 30
  records         = ["10.20.4.11"]
  set_identifier  = "nyc1"
  health_check_id = aws_route53_health_check.media["10.20.4.11"].id
  weighted_routing_policy {
    weight = 100
  }
}

resource "aws_route53_record" "beijing" {
  zone_id        = aws_route53_zone.zoom.zone_id
  name           = "media"
  type           = "A"
  ttl            = 30
  records        = ["221.122.88.70"]
  set_identifier = "beijing"
  weighted_routing_policy {
    weight = 0
  }
}

resource "aws_route53_record" "tsn1" {
  zone_id        = aws_route53_zone.zoom.zone_id
  name           = "media"
  type           = "A"
  ttl            = 30
  records        = ["10.86.4.11"]
  set_identifier = "tsn1"
  weighted_routing_policy {
    weight = 0
  }
}
