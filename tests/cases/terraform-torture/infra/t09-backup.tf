resource "aws_db_instance" "t9" {
  identifier              = "t9-shop"
  instance_class          = "db.m6g.large"
  backup_retention_period = 7
  tags                    = local.tags
}

resource "aws_db_instance_automated_backups_replication" "t9" {
  provider               = aws.us
  source_db_instance_arn = aws_db_instance.t9.arn
}
