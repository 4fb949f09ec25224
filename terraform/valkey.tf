# Limits, ended sessions, latest prices, leases. All of it may be lost at any time: the table is the record.
locals {
  # Who may do what, generated from the program's own rights (a test keeps them equal).
  valkey_rights = jsondecode(file("${path.module}/valkey-rights.json"))
  valkey_users  = local.has_cluster ? local.valkey_rights : {}
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV_AWS_31:Users with passwords and rights of their own (user_group_ids) are stricter than the one shared token that this rule looks for.
  #checkov:skip=CKV_AWS_134:Nothing in it has to be kept, so nothing is backed up.
  #checkov:skip=CKV2_AWS_50:Production has several zones; a second node for development would double its price for nothing.
  count = local.has_cluster ? 1 : 0

  replication_group_id = local.name
  description          = "Limits, ended sessions, prices and leases of ${local.name}"
  engine               = "valkey"
  engine_version       = "8.1"
  node_type            = var.cache_node_type
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this[0].name

  num_cache_clusters         = local.production ? 2 : 1
  automatic_failover_enabled = local.production
  multi_az_enabled           = local.production

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.this["platform"].arn
  user_group_ids             = [aws_elasticache_user_group.this[0].user_group_id]

  subnet_group_name          = aws_elasticache_subnet_group.this[0].name
  security_group_ids         = [aws_security_group.valkey[0].id]
  auto_minor_version_upgrade = true
  snapshot_retention_limit   = 0
  apply_immediately          = !local.production

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(local.valkey_rights), nonsensitive(keys(var.valkey_passwords)))) == 0
      error_message = "valkey_passwords lacks a user of ${join(", ", keys(local.valkey_rights))}; `./cnop secrets make` makes them, see README.md."
    }
  }
}

resource "aws_elasticache_parameter_group" "this" {
  count = local.has_cluster ? 1 : 0

  name        = "${local.name}-valkey"
  family      = "valkey8"
  description = "As the program configures its own Valkey"

  parameter {
    name  = "maxmemory-policy"
    value = "volatile-ttl"
  }
}

resource "aws_elasticache_user" "this" {
  for_each = local.valkey_users

  user_id       = "${local.name}-${each.key}"
  user_name     = each.key
  engine        = "valkey"
  access_string = "on ${each.value}"

  authentication_mode {
    type      = "password"
    passwords = [lookup(var.valkey_passwords, each.key, "")]
  }
}

resource "aws_elasticache_user_group" "this" {
  count = local.has_cluster ? 1 : 0

  user_group_id = local.name
  engine        = "valkey"
  user_ids      = [for user in aws_elasticache_user.this : user.user_id]
}

resource "aws_elasticache_subnet_group" "this" {
  count = local.has_cluster ? 1 : 0

  name        = local.name
  description = "Private subnets of ${local.name}"
  subnet_ids  = local.cluster.subnet_ids
}

resource "aws_security_group" "valkey" {
  count = local.has_cluster ? 1 : 0

  name        = "${local.name}-valkey"
  description = "Valkey answers to the cluster only"
  vpc_id      = local.cluster.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "valkey" {
  count = local.has_cluster ? 1 : 0

  security_group_id            = aws_security_group.valkey[0].id
  description                  = "Nodes of the cluster"
  referenced_security_group_id = local.cluster.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}
