# Who was erased: opaque ids in a table of its own, which is never put back to an earlier state when the other one is
# (docs/adr/0013-erasures-are-kept-beside-the-store.md). Nothing in it expires, and no role may delete from it.
resource "aws_dynamodb_table" "erasures" {
  name         = "${local.name}-erasures"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  # A bound on what a runaway loop costs; a person is erased with one write, and all are read once an hour.
  on_demand_throughput {
    max_read_request_units  = 1000
    max_write_request_units = 100
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this["store"].arn
  }
}
