output "name" {
  description = "The name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "connection" {
  description = "What the platform needs to know of a cluster; has the shape of the variable existing_cluster."
  value = {
    oidc_provider_arn      = aws_iam_openid_connect_provider.this.arn
    oidc_issuer            = aws_eks_cluster.this.identity[0].oidc[0].issuer
    vpc_id                 = aws_vpc.this.id
    subnet_ids             = toset([for subnet in aws_subnet.private : subnet.id])
    node_security_group_id = data.aws_security_group.nodes.id
  }
}
