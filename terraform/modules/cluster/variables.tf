variable "name" {
  description = "The name of the cluster and of all around it."
  type        = string
}

variable "cluster_version" {
  description = "The Kubernetes version."
  type        = string
}

variable "vpc_cidr" {
  description = "The addresses of the VPC; each of six subnets gets a sixteenth."
  type        = string
}

variable "spare_capacity" {
  description = "Whether each zone has a NAT gateway of its own and the nodes may double."
  type        = bool
}

variable "admins" {
  description = "ARNs of the roles that may administer the cluster."
  type        = set(string)
}

variable "api_addresses" {
  description = "Networks from which the API answers; none keeps it inside the VPC."
  type        = set(string)
}

variable "region" {
  description = "Where it is."
  type        = string
}

variable "partition" {
  description = "The AWS partition, such as aws."
  type        = string
}

variable "secrets_key_arn" {
  description = "The key that wraps Kubernetes Secrets."
  type        = string
}

variable "logs_key_arn" {
  description = "The key of log groups."
  type        = string
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
}

variable "protect_from_loss" {
  description = "Whether the cluster refuses to be deleted."
  type        = bool
}
