# One secret for each component, with just what it may hold: the names are those of `./cnop secrets make`.
# Terraform makes the places, never the values, so that no state file holds a secret: see README.md for how they get there.
locals {
  secret_shares = {
    "user-service" = ["cnop_ledger_key", "cnop_audit_key", "cnop_gateway_secret", "cnop_pepper", "cnop_data_key",
    "cnop_index_key", "cnop_valkey_url", "cnop_smtp_url"]
    "inventory-service"    = ["cnop_audit_key", "cnop_gateway_secret", "cnop_valkey_url"]
    "order-service"        = ["cnop_ledger_key", "cnop_audit_key", "cnop_gateway_secret", "cnop_valkey_url"]
    "price-feed"           = ["cnop_audit_key", "cnop_valkey_url"]
    "order-engine"         = ["cnop_ledger_key", "cnop_audit_key", "cnop_valkey_url"]
    "web"                  = ["cnop_gateway_secret"]
    "gateway"              = ["cnop_gateway_secret"]
    "cli"                  = ["cnop_ledger_key", "cnop_audit_key", "cnop_valkey_url"]
    "user-service-signing" = ["one PEM file a key"]
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:These keys seal what is stored, so nothing may replace them by itself; docs/runbooks say how each is rotated with its predecessor kept.
  for_each = local.secret_shares

  name                    = "${var.project}/${var.environment}/${each.key}"
  description             = "Of ${each.key}: ${join(", ", each.value)}"
  kms_key_id              = aws_kms_key.this["secrets"].arn
  recovery_window_in_days = local.production ? 30 : 7
}
