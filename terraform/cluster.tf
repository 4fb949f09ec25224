module "cluster" {
  source = "./modules/cluster"
  count  = var.create_cluster ? 1 : 0

  name              = local.name
  cluster_version   = var.cluster_version
  vpc_cidr          = var.vpc_cidr
  spare_capacity    = local.production
  admins            = var.cluster_admins
  api_addresses     = var.cluster_api_addresses
  region            = var.aws_region
  partition         = local.partition
  secrets_key_arn   = aws_kms_key.this["secrets"].arn
  logs_key_arn      = aws_kms_key.this["platform"].arn
  log_days          = 365
  protect_from_loss = var.deletion_protection
}
