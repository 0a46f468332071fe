#!/usr/bin/env python3
"""Makes Terraform plans and source trees of growing size and measures `onshore check` on them as a whole process.

    cargo build --release && python3 benches/resources.py [--sizes 1,4,16] [--runs 3] [--only plan|minified|tree] [--keep FOLDER]

Size 1 is a plan of 5,000 resources, once indented and once as Terraform writes it, and a tree of 1,200 `.tf` files with about
53,000 lines; 16 is sixteen times that. Each has an `onshore.toml` and a policy that applies and is broken, so that the whole check
runs. Prints CPU time (user and system, all threads), wall time, peak memory and exit code; nothing is asserted, because a timed test
fails on a busy machine.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable

REGIONS = {"aws": "eu-central-1", "aws.paris": "eu-west-3", "aws.ireland": "eu-west-1", "aws.virginia": "us-east-1"}
KEYS = list(REGIONS)
AWS = "registry.terraform.io/hashicorp/aws"

PROJECT = """[inputs]
include = ["infra/**"]

[check]
policies = ["policies/eea.toml"]

[[population]]
id = "customers"
origin = ["DE"]
data = ["user.contact"]
enters = [ENTERS]

[[classify]]
match = { kind = "bucket" }
holds = { data = ["user.contact"], origin = ["DE"] }
"""

POLICY = """[pack]
id = "eea"
title = "Customers' data stays in the EEA"
version = "1.0.0"
binding = "company"
status = "in-force"
as-of = 2026-11-01
review-by = 2027-11-01
verification = "primary"

[[instrument]]
id = "promise"
citation = "Promise to customers of 1 November 2026"

[[rule]]
id = "stays"
title = "Customers' data stays in the EEA"
instrument = "promise"
severity = "high"
data = ["user.contact"]
origin = ["DE"]
only-in = ["@eea"]
"""


def project(root: pathlib.Path, enters: str) -> None:
    (root / "policies").mkdir(parents=True)
    (root / "infra").mkdir()
    (root / "onshore.toml").write_text(PROJECT.replace("ENTERS", json.dumps(enters)))
    (root / "policies/eea.toml").write_text(POLICY)


# --- A plan: teams (modules of the root) with ten stacks each (a module with `for_each`) of ten resources each. Half of them stand
# already and stay as they are, so that the plan writes their values four times.

def constant(value):
    return {"constant_value": value}


def refers(*names):
    return {"references": list(names)}


def stack(team: int) -> list[tuple[str, str, str, dict, list[str], dict]]:
    """What a stack holds: kind, name, provider, known values, names known after apply, expressions."""
    home, away = KEYS[team % 3], "aws.virginia" if team % 10 == 0 else "aws.paris"
    tags = {"team": f"team-{team}", "cost-centre": str(4000 + team), "environment": "production", "owner": "platform"}
    both = {"tags": tags, "tags_all": tags}
    name = f"t{team}-%%s-%s"
    later = ["arn", "id"]
    return [
        ("aws_vpc", "main", home, {"cidr_block": f"10.{team % 250}.0.0/16", "enable_dns_hostnames": True, "instance_tenancy": "default", **both},
         later + ["main_route_table_id", "owner_id", "default_security_group_id"], {"cidr_block": refers("var.network")}),
        ("aws_subnet", "a", home, {"cidr_block": f"10.{team % 250}.1.0/24", "availability_zone": REGIONS[home] + "a", **both},
         later + ["vpc_id", "owner_id"], {"vpc_id": refers("aws_vpc.main.id", "aws_vpc.main"), "availability_zone": refers("var.zone")}),
        ("aws_security_group", "web", home,
         {"name": name % "web", "description": "Web servers", "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "https", "from_port": 443,
          "to_port": 443, "protocol": "tcp", "ipv6_cidr_blocks": [], "prefix_list_ids": [], "security_groups": [], "self": False}],
          "egress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "", "from_port": 0, "to_port": 0, "protocol": "-1", "ipv6_cidr_blocks": [],
          "prefix_list_ids": [], "security_groups": [], "self": False}], **both},
         later + ["vpc_id", "owner_id"], {"vpc_id": refers("aws_vpc.main.id", "aws_vpc.main"), "name": refers("var.name")}),
        ("aws_instance", "web", home,
         {"ami": "ami-0c55b159cbfafe1f0", "instance_type": "m7g.large", "monitoring": True, "ebs_optimized": True, "source_dest_check": True,
          "root_block_device": [{"encrypted": True, "volume_size": 40, "volume_type": "gp3", "delete_on_termination": True}], **both},
         later + ["subnet_id", "private_ip", "public_ip", "vpc_security_group_ids", "availability_zone"],
         {"subnet_id": refers("aws_subnet.a.id", "aws_subnet.a"),
          "vpc_security_group_ids": refers("aws_security_group.web.id", "aws_security_group.web"), "ami": refers("var.image")}),
        ("aws_lb", "entry", home,
         {"name": name % "entry", "internal": False, "load_balancer_type": "application", "idle_timeout": 60, "enable_http2": True, **both},
         later + ["dns_name", "zone_id", "subnets", "security_groups"],
         {"subnets": refers("aws_subnet.a.id", "aws_subnet.a"), "security_groups": refers("aws_security_group.web.id", "aws_security_group.web")}),
        ("aws_db_instance", "main", home,
         {"identifier": name % "main", "engine": "postgres", "engine_version": "16.4", "instance_class": "db.r7g.large", "allocated_storage": 200,
          "storage_encrypted": True, "backup_retention_period": 14, "multi_az": True, "skip_final_snapshot": False, **both},
         later + ["address", "endpoint", "kms_key_id", "availability_zone"], {"identifier": refers("var.name")}),
        ("aws_s3_bucket", "data", home, {"bucket": name % "data", "force_destroy": False, **both},
         later + ["bucket_domain_name", "region", "hosted_zone_id"], {"bucket": refers("var.name")}),
        ("aws_s3_bucket", "copy", away, {"bucket": name % "copy", "force_destroy": False, **both},
         later + ["bucket_domain_name", "region", "hosted_zone_id"], {"bucket": refers("var.name")}),
        ("aws_s3_bucket_replication_configuration", "copy", home,
         {"token": None, "rule": [{"id": "all", "status": "Enabled", "prefix": None, "delete_marker_replication": [], "filter": [],
          "destination": [{"storage_class": "STANDARD", "account": None, "metrics": []}]}]},
         ["id", "bucket", "role"],
         {"bucket": refers("aws_s3_bucket.data.id", "aws_s3_bucket.data"), "role": refers("var.role"),
          "rule": [{"id": constant("all"), "status": constant("Enabled"),
                    "destination": [{"bucket": refers("aws_s3_bucket.copy.arn", "aws_s3_bucket.copy"), "storage_class": constant("STANDARD")}]}]}),
        ("aws_cloudwatch_log_group", "web", home, {"name": f"/team/{team}/web/%s", "retention_in_days": 30, "kms_key_id": None, **both},
         later, {"name": refers("var.name", "each.key")}),
    ]


def filled(values: dict, key: str) -> dict:
    return {k: v.replace("%s", key) if isinstance(v, str) else v for k, v in values.items()}


def applied(known: dict, later: list[str], team: int, key: str, kind: str, name: str, provider: str) -> dict:
    """The same with what Terraform knows after it has made it."""
    region, own = REGIONS[provider], f"{kind.removeprefix('aws_')}-{team}-{key}-{name}"
    given = {"vpc_id": f"vpc-{team}-{key}-main", "subnet_id": f"subnet-{team}-{key}-a", "subnets": [f"subnet-{team}-{key}-a"], "region": region,
             "vpc_security_group_ids": [f"security_group-{team}-{key}-web"], "security_groups": [f"security_group-{team}-{key}-web"],
             "availability_zone": region + "a", "owner_id": "123456789012", "role": f"arn:aws:iam::123456789012:role/copy-{team}",
             "arn": f"arn:aws:{kind.split('_')[1]}:{region}:123456789012:{own}", "id": own, "bucket": f"t{team}-data"}
    known = known | {n: given.get(n, f"{own}.{n}") for n in later}
    if kind == "aws_s3_bucket":
        known |= {"arn": f"arn:aws:s3:::{known['bucket']}", "id": known["bucket"]}
    if "rule" in known:
        rule = known["rule"][0]
        known["rule"] = [rule | {"destination": [rule["destination"][0] | {"bucket": f"arn:aws:s3:::t{team}-{key}-copy"}]}]
        known["bucket"] = f"t{team}-{key}-data"
    return known


def plan(root: pathlib.Path, resources: int, minified: bool) -> int:
    """Writes the plan; returns its size in bytes."""
    project(root, "module.team_0.module.stack[\"s0\"].aws_instance.web")
    teams, changes, modules, prior, calls = resources // 100, [], [], [], {}
    for team in range(teams):
        kinds, stacks = stack(team), []
        for s in range(10):
            module = f'module.team_{team}.module.stack["s{s}"]'
            standing = []
            for kind, name, provider, values, later, _ in kinds:
                known, stands = filled(values, f"s{s}"), s < 5
                if stands:
                    known = applied(known, later, team, f"s{s}", kind, name, provider)
                base = {"address": f"{module}.{kind}.{name}", "mode": "managed", "type": kind, "name": name}
                standing.append(base | {"provider_name": AWS, "schema_version": 1, "values": known, "sensitive_values": {"tags": {}, "tags_all": {}}})
                change = {"actions": ["create"], "before": None, "after": known, "after_unknown": {n: True for n in later} | {"tags": {}, "tags_all": {}},
                          "before_sensitive": False, "after_sensitive": {"tags": {}, "tags_all": {}}}
                if stands:
                    change |= {"actions": ["no-op"], "before": known, "after_unknown": {}, "before_sensitive": change["after_sensitive"]}
                # Blocks of the value that are not known until later have their own mark.
                elif kind == "aws_s3_bucket_replication_configuration":
                    change["after_unknown"]["rule"] = [{"destination": [{"bucket": True}]}]
                changes.append({"address": base["address"], "module_address": module} | base | {"provider_name": AWS, "change": change})
            stacks.append({"address": module, "resources": standing})
        modules.append({"address": f"module.team_{team}", "child_modules": stacks})
        prior.append({"address": f"module.team_{team}", "child_modules": stacks[:5]})
        blocks = [{"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "provider_config_key": key, "schema_version": 1,
                   "expressions": expressions} for kind, name, key, _, _, expressions in kinds]
        variables = {v: {} for v in ["name", "network", "zone", "image", "role"]}
        given = {v: refers(f"var.{v}") for v in variables} | {"name": refers("each.key")}
        inner = {"source": "../stack", "expressions": given, "for_each_expression": refers("var.stacks"),
                 "module": {"resources": blocks, "variables": variables}}
        calls[f"team_{team}"] = {"source": "./team", "expressions": {v: refers(f"var.{v}") for v in variables},
                                 "module": {"module_calls": {"stack": inner}, "variables": variables | {"stacks": {}}}}
    providers = {key: {"name": "aws", "full_name": AWS, "version_constraint": "~> 5.80",
                       "expressions": {"region": constant(region)}} | ({"alias": key.split(".")[1]} if "." in key else {})
                 for key, region in REGIONS.items()}
    whole = {"format_version": "1.2", "terraform_version": "1.9.8", "planned_values": {"root_module": {"child_modules": modules}},
             "resource_changes": changes,
             "prior_state": {"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {"child_modules": prior}}},
             "configuration": {"provider_config": providers, "root_module": {"module_calls": calls, "variables": {}}},
             "timestamp": "2026-11-22T00:00:00Z", "applyable": True, "complete": True, "errored": False}
    text = json.dumps(whole, separators=(",", ":")) if minified else json.dumps(whole, indent=2)
    (root / "infra/plan.json").write_text(text)
    return len(text)


# --- A tree: root modules of ten files each, which call shared modules of four files each.

PROVIDERS = """terraform {{
  required_version = ">= 1.6"
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "~> 5.80"
    }}
  }}
  backend "s3" {{
    bucket = "states"
    key    = "root-{n}/terraform.tfstate"
    region = "eu-central-1"
  }}
}}

provider "aws" {{
  region = var.region
  default_tags {{
    tags = local.tags
  }}
}}

provider "aws" {{
  alias  = "copies"
  region = local.places[var.copies]
  default_tags {{
    tags = local.tags
  }}
}}
"""

VARIABLE = """variable "{name}" {{
  description = "What {name} is, in the words of those who chose it"
  type        = string
  default     = {value}
}}

"""

LOCALS = """locals {{
  name = "${{var.team}}-${{var.environment}}"
  places = {{
    frankfurt = "eu-central-1"
    paris     = "eu-west-3"
    ireland   = "eu-west-1"
    virginia  = "us-east-1"
  }}
  tags = merge({{
    team        = var.team
    environment = var.environment
  }}, var.environment == "production" ? {{ critical = "yes" }} : {{}})
  network = cidrsubnet("10.0.0.0/8", 8, {octet})
  queues  = toset(["orders", "invoices", "mails"])
  zones   = [for z in ["a", "b", "c"] : "${{var.region}}${{z}}"]
}}
"""

NETWORK = """resource "aws_vpc" "main" {{
  cidr_block           = local.network
  enable_dns_hostnames = true
  tags                 = merge(local.tags, {{ Name = local.name }})
}}

resource "aws_subnet" "main" {{
  count             = length(local.zones)
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(local.network, 8, count.index)
  availability_zone = local.zones[count.index]
  tags              = local.tags
}}

resource "aws_security_group" "web" {{
  name   = "${{local.name}}-web"
  vpc_id = aws_vpc.main.id

  dynamic "ingress" {{
    for_each = [80, 443]
    content {{
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }}
  }}
}}
"""

COMPUTE = """# Web servers behind one balancer, a share of them in each zone.
resource "aws_lb" "entry" {{
  name               = "${{local.name}}-entry"
  load_balancer_type = "application"
  subnets            = aws_subnet.main[*].id
  security_groups    = [aws_security_group.web.id]
}}

resource "aws_lb_target_group" "web" {{
  name     = "${{local.name}}-web"
  port     = 8080
  protocol = "HTTP"
  vpc_id   = aws_vpc.main.id

  health_check {{
    path                = "/health"
    healthy_threshold   = 2
    unhealthy_threshold = 5
  }}
}}

resource "aws_lb_listener" "https" {{
  load_balancer_arn = aws_lb.entry.arn
  port              = 443
  protocol          = "HTTPS"

  default_action {{
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }}
}}

resource "aws_instance" "web" {{
  count                  = 2
  ami                    = "ami-0c55b159cbfafe1f0"
  instance_type          = var.environment == "production" ? "m7g.large" : "t4g.small"
  subnet_id              = aws_subnet.main[count.index].id
  vpc_security_group_ids = [aws_security_group.web.id]
  tags                   = merge(local.tags, {{ Name = format("%s-web-%02d", local.name, count.index) }})
}}

resource "aws_lb_target_group_attachment" "web" {{
  count            = 2
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web[count.index].id
}}
"""

DATABASES = """resource "aws_db_instance" "main" {{
  identifier              = "${{local.name}}-main"
  engine                  = "postgres"
  engine_version          = "16.4"
  instance_class          = "db.r7g.large"
  allocated_storage       = 200
  storage_encrypted       = true
  kms_key_id              = aws_kms_key.main.arn
  backup_retention_period = 14
  multi_az                = true
}}

resource "aws_db_instance" "reader" {{
  provider            = aws.copies
  identifier          = "${{local.name}}-reader"
  replicate_source_db = aws_db_instance.main.arn
  instance_class      = "db.r7g.large"
}}

resource "aws_dynamodb_table" "sessions" {{
  name         = "${{local.name}}-sessions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {{
    name = "id"
    type = "S"
  }}

  replica {{
    region_name = local.places[var.copies]
  }}
}}

resource "aws_kms_key" "main" {{
  description         = "Keys of ${{local.name}}"
  enable_key_rotation = true
}}
"""

QUEUES = """resource "aws_sqs_queue" "work" {{
  for_each                   = local.queues
  name                       = "${{local.name}}-${{each.key}}"
  visibility_timeout_seconds = 60
  redrive_policy = jsonencode({{
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 5
  }})
}}

resource "aws_sqs_queue" "dead" {{
  name = "${{local.name}}-dead"
}}

resource "aws_sns_topic" "orders" {{
  name = "${{local.name}}-orders"
}}

resource "aws_sns_topic_subscription" "orders" {{
  topic_arn = aws_sns_topic.orders.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.work["orders"].arn
}}

resource "aws_sqs_queue_policy" "work" {{
  for_each  = local.queues
  queue_url = aws_sqs_queue.work[each.key].id
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Sid       = "topic"
      Effect    = "Allow"
      Principal = {{ Service = "sns.amazonaws.com" }}
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.work[each.key].arn
      Condition = {{
        ArnEquals = {{ "aws:SourceArn" = aws_sns_topic.orders.arn }}
      }}
    }}]
  }})
}}

resource "aws_iam_role" "worker" {{
  name = "${{local.name}}-worker"
  assume_role_policy = <<-POLICY
    {{
      "Version": "2012-10-17",
      "Statement": [{{
        "Effect": "Allow",
        "Principal": {{ "Service": "lambda.amazonaws.com" }},
        "Action": "sts:AssumeRole"
      }}]
    }}
  POLICY
}}

resource "aws_lambda_function" "worker" {{
  function_name = "${{local.name}}-worker"
  role          = aws_iam_role.worker.arn
  handler       = "worker.handle"
  runtime       = "python3.13"

  environment {{
    variables = {{
      QUEUE = aws_sqs_queue.work["orders"].url
      TABLE = aws_dynamodb_table.sessions.name
    }}
  }}
}}
"""

LOGS = """resource "aws_cloudwatch_log_group" "web" {{
  name              = "/${{local.name}}/web"
  retention_in_days = 30
}}

resource "aws_cloudwatch_log_group" "worker" {{
  name              = "/aws/lambda/${{aws_lambda_function.worker.function_name}}"
  retention_in_days = 30
}}

resource "aws_cloudwatch_log_subscription_filter" "worker" {{
  name            = "to-queue"
  log_group_name  = aws_cloudwatch_log_group.worker.name
  filter_pattern  = ""
  destination_arn = aws_lambda_function.worker.arn
}}

resource "aws_cloudwatch_metric_alarm" "dead" {{
  alarm_name          = "${{local.name}}-dead"
  alarm_description   = "Messages that nobody could handle"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 0
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  period              = 300
  statistic           = "Maximum"
  alarm_actions       = [aws_sns_topic.orders.arn]
  dimensions = {{
    QueueName = aws_sqs_queue.dead.name
  }}
}}

resource "aws_cloudwatch_metric_alarm" "load" {{
  count               = length(aws_instance.web)
  alarm_name          = "${{local.name}}-load-${{count.index}}"
  alarm_description   = "A web server is busy"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 3
  threshold           = 90
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  period              = 60
  statistic           = "Average"
  alarm_actions       = [aws_sns_topic.orders.arn]
  dimensions = {{
    InstanceId = aws_instance.web[count.index].id
  }}
}}

resource "aws_cloudtrail" "main" {{
  name                          = local.name
  s3_bucket_name                = module.logs.bucket
  include_global_service_events = true
  is_multi_region_trail         = false
}}
"""

MODULES = """module "data" {{
  source = "../../modules/store-{a}"
  name   = "${{local.name}}-data"
  tags   = local.tags
  rules = {{
    old  = 365
    logs = 30
  }}
  providers = {{
    aws        = aws
    aws.copies = aws.copies
  }}
}}

module "logs" {{
  source = "../../modules/store-{b}"
  name   = "${{local.name}}-logs"
  tags   = local.tags
  rules  = {{}}
  providers = {{
    aws        = aws
    aws.copies = aws.copies
  }}
}}
"""

OUTPUTS = """output "entry" {{
  description = "Where customers arrive"
  value       = aws_lb.entry.dns_name
}}

output "database" {{
  value     = aws_db_instance.main.endpoint
  sensitive = true
}}

output "buckets" {{
  value = {{
    data = module.data.bucket
    logs = module.logs.bucket
  }}
}}
"""

STORE = """terraform {{
  required_providers {{
    aws = {{
      source                = "hashicorp/aws"
      configuration_aliases = [aws.copies]
    }}
  }}
}}

resource "aws_s3_bucket" "main" {{
  bucket = var.name
  tags   = var.tags
}}

resource "aws_s3_bucket_versioning" "main" {{
  bucket = aws_s3_bucket.main.id
  versioning_configuration {{
    status = "Enabled"
  }}
}}

resource "aws_s3_bucket_lifecycle_configuration" "main" {{
  count  = length(var.rules) > 0 ? 1 : 0
  bucket = aws_s3_bucket.main.id

  dynamic "rule" {{
    for_each = var.rules
    content {{
      id     = rule.key
      status = "Enabled"
      expiration {{
        days = rule.value
      }}
    }}
  }}
}}
"""

COPY = """resource "aws_s3_bucket" "copy" {{
  provider = aws.copies
  bucket   = "${{var.name}}-copy"
  tags     = var.tags
}}

resource "aws_s3_bucket_versioning" "copy" {{
  provider = aws.copies
  bucket   = aws_s3_bucket.copy.id
  versioning_configuration {{
    status = "Enabled"
  }}
}}

resource "aws_s3_bucket_replication_configuration" "main" {{
  role   = aws_iam_role.copy.arn
  bucket = aws_s3_bucket.main.id
  rule {{
    id     = "all"
    status = "Enabled"
    destination {{
      bucket        = aws_s3_bucket.copy.arn
      storage_class = "STANDARD"
    }}
  }}
}}

data "aws_iam_policy_document" "copy" {{
  statement {{
    actions = ["sts:AssumeRole"]
    principals {{
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }}
  }}
}}

resource "aws_iam_role" "copy" {{
  name               = "${{var.name}}-copy"
  assume_role_policy = data.aws_iam_policy_document.copy.json
}}
"""

ROOT = {"providers": PROVIDERS, "locals": LOCALS, "network": NETWORK, "compute": COMPUTE, "databases": DATABASES, "queues": QUEUES,
        "logs": LOGS, "modules": MODULES, "outputs": OUTPUTS}


def tree(root: pathlib.Path, files: int) -> int:
    """Writes the tree; returns its lines."""
    project(root, "terraform:infra/roots/team-0#aws_lb.entry")
    stores, lines = files // 60, 0

    def put(path: str, text: str) -> int:
        file = root / "infra" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return text.count("\n")

    for n in range(stores):
        folder = f"modules/store-{n}"
        lines += put(f"{folder}/main.tf", STORE.format()) + put(f"{folder}/copy.tf", COPY.format())
        wanted = 'variable "name" {\n  type = string\n}\n\nvariable "tags" {\n  type    = map(string)\n  default = {}\n}\n\nvariable "rules" {\n  type = map(number)\n}\n'
        lines += put(f"{folder}/variables.tf", wanted)
        lines += put(f"{folder}/outputs.tf", 'output "bucket" {\n  value = aws_s3_bucket.main.bucket\n}\n\noutput "copy" {\n  value = aws_s3_bucket.copy.arn\n}\n')
    for n in range((files - 4 * stores) // 10):
        copies = "virginia" if n % 10 == 0 else "paris"
        region = REGIONS[KEYS[n % 3]]
        values = {"region": region, "team": f"team-{n}", "environment": "production" if n % 2 else "staging", "copies": copies}
        values |= {f"setting_{i}": f"value {i}" for i in range(18)}
        names = {"n": n, "octet": n % 256, "a": n % stores, "b": (n + 7) % stores}
        lines += put(f"roots/team-{n}/variables.tf", "".join(VARIABLE.format(name=k, value=json.dumps(v)) for k, v in values.items()))
        for name, text in ROOT.items():
            lines += put(f"roots/team-{n}/{name}.tf", text.format(**names))
    return lines


def apart(work: Callable[[], int]) -> int:
    """Runs in a process of its own: a child's peak memory counts what its parent has when it is started."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(work()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(read, 32))


def measure(name: str, root: pathlib.Path, binary: str, runs: int) -> None:
    best = None
    for _ in range(runs):
        start = time.perf_counter()
        child = subprocess.Popen([binary, "check", ".", "--format", "json", "-o", os.devnull], cwd=root, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        took = (usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))
        best = min(best or took, took)
    cpu, wall, mib, code = best
    print(f"{name}: CPU {cpu:.3f} s (best of {runs} runs), wall {wall:.3f} s, peak {mib:,.0f} MiB, exit {code}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,4,16")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=["plan", "minified", "tree"])
    parser.add_argument("--keep", type=pathlib.Path, help="write here and leave it there")
    parser.add_argument("--binary", default=str(pathlib.Path(__file__).resolve().parent.parent / "target/release/onshore"))
    args = parser.parse_args()
    print("onshore check . --format json -o /dev/null")
    for what in [args.only] if args.only else ["plan", "minified", "tree"]:
        for size in map(int, args.sizes.split(",")):
            kept = contextlib.nullcontext(args.keep / f"{what}-{size}") if args.keep else tempfile.TemporaryDirectory()
            with kept as folder:
                root = pathlib.Path(folder)
                if what == "tree":
                    name = f"tree of {1_200 * size:,} files, {apart(lambda: tree(root, 1_200 * size)):,} lines"
                else:
                    name = f"{what} of {5_000 * size:,} resources" if what == "plan" else f"minified plan of {5_000 * size:,} resources"
                    name += f", {apart(lambda: plan(root, 5_000 * size, what == 'minified')) / 1e6:,.1f} MB"
                measure(name, root, args.binary, args.runs)


if __name__ == "__main__":
    main()
