# Who may touch what in the table, by the first part of an item's key. The table is one, its tenants are many:
# `dynamodb:LeadingKeys` keeps each to its own items even where its code is wrong or taken over.
# Nobody may delete what belongs to a wallet or to the audit trail.
locals {
  store_access = {
    "user-service" = {
      read   = ["USER#*", "USERNAME#*", "EMAIL#*", "IDENTITY#*", "ERASED", "OUTBOX", "REVOKED", "WALLET#*", "ASSETS", "PRICES", "AUDIT#*", "PING"]
      index  = ["USERS", "AUDIT-OF#*", "REVOKED-AT"]
      write  = ["USER#*", "USERNAME#*", "EMAIL#*", "IDENTITY#*", "ERASED", "OUTBOX", "REVOKED", "WALLET#*", "AUDIT#*"]
      delete = ["USER#*", "USERNAME#*", "EMAIL#*", "IDENTITY#*", "OUTBOX"]
      scans  = false
    }
    "inventory-service" = {
      read   = ["ASSETS", "PRICES", "CANDLES#*", "REVOKED", "AUDIT#*", "PING"]
      index  = ["REVOKED-AT"]
      write  = ["ASSETS", "AUDIT#*"]
      delete = []
      scans  = false
    }
    "order-service" = {
      read   = ["WALLET#*", "ORDERS#*", "EXPIRING#*", "USERNAME#*", "ASSETS", "PRICES", "CANDLES#*", "REVOKED", "AUDIT#*", "PING"]
      index  = ["REVOKED-AT"]
      write  = ["WALLET#*", "ORDERS#*", "EXPIRING#*", "AUDIT#*"]
      delete = ["EXPIRING#*"]
      scans  = false
    }
    "price-feed" = {
      read   = ["ASSETS", "PRICES", "CANDLES#*"]
      index  = []
      write  = ["ASSETS", "PRICES", "CANDLES#*", "AUDIT#*"]
      delete = []
      scans  = false
    }
    "order-engine" = {
      read   = ["WALLET#*", "ORDERS#*", "EXPIRING#*", "ASSETS", "PRICES", "AUDIT#*"]
      index  = ["OPEN#*"]
      write  = ["WALLET#*", "ORDERS#*", "EXPIRING#*", "AUDIT#*"]
      delete = ["EXPIRING#*"]
      scans  = false
    }
    # Verifies, exports and turns keys over; nobody can reach it, and it moves no money.
    "operations" = {
      read   = ["*"]
      index  = ["*"]
      write  = ["USER#*", "EMAIL#*", "REVOKED", "AUDIT#*"]
      delete = ["EMAIL#*"]
      scans  = true
    }
  }

  # These two only read their secrets.
  storeless = ["web", "gateway"]

  # Each component may read its own secrets only; those that have more than one, or one of another name, are named here.
  secrets_of = {
    "user-service" = ["user-service", "user-service-signing"]
    "operations"   = ["cli"]
  }
}

module "service_role" {
  source   = "./modules/service_role"
  for_each = local.has_cluster ? toset(concat(keys(local.store_access), local.storeless)) : toset([])

  name              = "${local.name}-${each.key}"
  oidc_provider_arn = local.cluster.oidc_provider_arn
  oidc_issuer       = local.cluster.oidc_issuer
  namespace         = var.namespace
  service_account   = each.key
  region            = var.aws_region
  partition         = local.partition
  account           = local.account

  store = contains(local.storeless, each.key) ? null : merge(local.store_access[each.key], {
    table_arn = local.table_arn
    key_alias = aws_kms_alias.this["store"].name
  })

  secrets = {
    arns      = [for share in lookup(local.secrets_of, each.key, [each.key]) : "${local.secret_arn}/${share}-??????"]
    key_alias = aws_kms_alias.this["secrets"].name
  }

  # The user service wraps people's data keys; operations wraps them anew.
  people_key_alias = contains(["user-service", "operations"], each.key) ? aws_kms_alias.this["people"].name : null

  # Notes erasures and compares; nobody else has business there.
  erasures_arn = each.key == "user-service" ? local.erasures_arn : null

  audit_archive = each.key != "operations" ? null : {
    bucket_arn = local.audit_arn
    key_alias  = aws_kms_alias.this["platform"].name
  }
}
