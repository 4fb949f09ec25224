output "store_url" {
  description = "CNOP_STORE of every service."
  value       = "dynamodb://${var.aws_region}/${aws_dynamodb_table.store.name}"
}

output "erasure_register_url" {
  description = "CNOP_ERASURE_REGISTER of the user service."
  value       = "dynamodb://${var.aws_region}/${aws_dynamodb_table.erasures.name}"
}

output "people_key" {
  description = "CNOP_DATA_KMS_KEY of the user service and of operations: the alias, which stays when the key behind it is replaced."
  value       = "arn:${local.partition}:kms:${var.aws_region}:${local.account}:${aws_kms_alias.this["people"].name}"
}

output "role_arns" {
  description = "The role of each service account, for its annotation eks.amazonaws.com/role-arn."
  value       = { for name, role in module.service_role : name => role.arn }
}

output "role_policies" {
  description = "What each role may do, as JSON: for review and for tests."
  value       = { for name, role in module.service_role : name => role.policy }
}

output "repository_urls" {
  description = "Where images are pushed."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "secret_names" {
  description = "Places in Secrets Manager that wait for their values; see README.md."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.name }
}

output "valkey_address" {
  description = "HOST:PORT of Valkey, with TLS; null while there is no cluster."
  value       = local.has_cluster ? "${aws_elasticache_replication_group.this[0].primary_endpoint_address}:6379" : null
}

output "audit_bucket" {
  description = "Where audit checkpoints are archived."
  value       = aws_s3_bucket.audit.bucket
}

output "cluster_name" {
  description = "For `aws eks update-kubeconfig --name`; null when the cluster is not ours."
  value       = var.create_cluster ? module.cluster[0].name : null
}
