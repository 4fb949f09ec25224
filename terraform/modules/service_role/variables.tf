variable "name" {
  description = "The name of the role."
  type        = string
}

variable "oidc_provider_arn" {
  description = "The cluster's OIDC provider in IAM."
  type        = string
}

variable "oidc_issuer" {
  description = "The issuer of the cluster's tokens, with https://."
  type        = string
}

variable "namespace" {
  description = "The namespace of the service account."
  type        = string
}

variable "service_account" {
  description = "The one service account that may take the role."
  type        = string
}

variable "region" {
  description = "Where the table and the secrets are."
  type        = string
}

variable "partition" {
  description = "The AWS partition, such as aws."
  type        = string
}

variable "account" {
  description = "The number of the AWS account."
  type        = string
}

variable "store" {
  description = "What of the table may be touched: patterns of keys for each kind of access."
  type = object({
    table_arn = string
    key_alias = string
    read      = list(string)
    index     = list(string)
    write     = list(string)
    delete    = list(string)
    scans     = bool
  })
  default = null
}

variable "secrets" {
  description = "The secrets that may be read."
  type        = object({ arns = list(string), key_alias = string })
}

variable "people_key_alias" {
  description = "The alias of the key that wraps people's data keys."
  type        = string
  default     = null
}

variable "erasures_arn" {
  description = "The table to which erasures may be added."
  type        = string
  default     = null
}

variable "audit_archive" {
  description = "The bucket to which audit checkpoints may be added."
  type        = object({ bucket_arn = string, key_alias = string })
  default     = null
}
