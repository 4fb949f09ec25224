# One key a purpose, so that who may read secrets need not be able to read the table.
locals {
  keys = {
    store    = "the tables and their backups"
    secrets  = "what services read from Secrets Manager"
    people   = "the data keys under which personal data is sealed (CNOP_DATA_KMS_KEY)"
    platform = "container images, caches, logs and the audit archive"
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = "${local.name}: ${each.value}"
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30
  policy                  = jsonencode(local.key_policy[each.key])
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${local.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

locals {
  # Permission to use a key is given by IAM policies of this account (the roles in access.tf), as AWS advises.
  account_owns_key = {
    Sid       = "AccountDecides"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  logs_use_key = {
    Sid       = "LogsOfThisInstallation"
    Effect    = "Allow"
    Principal = { Service = "logs.${var.aws_region}.amazonaws.com" }
    Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    Resource  = "*"
    Condition = {
      ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.aws_region}:${local.account}:log-group:*${local.name}*"
      }
    }
  }

  key_policy = {
    for name in keys(local.keys) : name => {
      Version   = "2012-10-17"
      Statement = concat([local.account_owns_key], name == "platform" ? [local.logs_use_key] : [])
    }
  }
}
