output "arn" {
  description = "For the annotation eks.amazonaws.com/role-arn of the service account."
  value       = aws_iam_role.this.arn
}

output "trust" {
  description = "Who may take the role, as JSON."
  value       = aws_iam_role.this.assume_role_policy
}

output "policy" {
  description = "What the role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}
