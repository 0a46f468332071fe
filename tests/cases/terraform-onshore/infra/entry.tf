resource "aws_route53_zone" "shop" {
  name = "shop.example.eu"
}

resource "aws_route53_record" "shop" {
  zone_id = aws_route53_zone.shop.zone_id
  name    = "shop.example.eu"
  type    = "A"
  alias {
    name                   = aws_lb.eu.dns_name
    zone_id                = aws_lb.eu.zone_id
    evaluate_target_health = true
  }
}

resource "aws_lb" "eu" {
  name = "eu"
}

resource "aws_lb_target_group" "app" {
  name = "app"
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.eu.arn
  port              = 443
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.app.arn
  }
}

resource "aws_instance" "app" {
  ami = "ami-1"
}

resource "aws_lb_target_group_attachment" "app" {
  target_group_arn = aws_lb_target_group.app.arn
  target_id        = aws_instance.app.id
}
