# Stops a plan in the state of another environment.
module "own_state" {
  source      = "./modules/own_state"
  environment = var.environment
}

locals {
  name       = "${var.project}-${var.environment}"
  production = var.environment == "prod"
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # The cluster that the platform runs on, whoever made it; null while it runs elsewhere.
  cluster     = var.create_cluster ? module.cluster[0].connection : var.existing_cluster
  has_cluster = var.create_cluster || var.existing_cluster != null

  # ARNs are put together instead of read from the resources, so that a plan shows whole policies.
  table_arn    = "arn:${local.partition}:dynamodb:${var.aws_region}:${local.account}:table/${local.name}"
  erasures_arn = "${local.table_arn}-erasures"
  secret_arn   = "arn:${local.partition}:secretsmanager:${var.aws_region}:${local.account}:secret:${var.project}/${var.environment}"
}
