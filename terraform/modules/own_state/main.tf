# Each environment has a state of its own: the workspace of its name. In another one's, a plan would take that
# environment's table, keys and cluster for things to be replaced.
terraform {
  required_version = ">= 1.11"
}

variable "environment" {
  description = "Which installation this is."
  type        = string
}

output "workspace" {
  description = "The workspace that keeps the state."
  value       = terraform.workspace

  precondition {
    condition     = terraform.workspace == var.environment
    error_message = "The workspace is ${terraform.workspace}, which keeps no state of ${var.environment}; first run: terraform workspace select -or-create ${var.environment}"
  }
}
