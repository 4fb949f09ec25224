variable "environment" {
  description = "Which installation this is. Production gets spare capacity and shares nothing with the others."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "environment must be dev or prod."
  }
}

variable "project" {
  description = "The first part of every name."
  type        = string
  default     = "cnop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project must be 3 to 20 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "aws_region" {
  description = "Where everything is."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be the name of a region, such as us-east-1."
  }
}

variable "deletion_protection" {
  description = "Whether the table and the audit trail refuse to be deleted. Switch it off with an apply of its own before a destroy."
  type        = bool
  default     = true
}

variable "recovery_days" {
  description = "How far back the table can be put to any second."
  type        = number
  default     = 35

  validation {
    condition     = var.recovery_days >= 1 && var.recovery_days <= 35 && floor(var.recovery_days) == var.recovery_days
    error_message = "recovery_days must be a whole number from 1 to 35."
  }
}

variable "max_request_units" {
  description = "The most read and write units a second that the table may spend: a bound on what a runaway loop costs."
  type        = object({ read = number, write = number })
  default     = { read = 20000, write = 20000 }

  validation {
    condition     = var.max_request_units.read >= 100 && var.max_request_units.write >= 100
    error_message = "max_request_units must be at least 100 each."
  }
}

variable "audit_retention_days" {
  description = "How long an exported audit checkpoint cannot be changed or deleted by anybody."
  type        = number
  default     = 400

  validation {
    condition     = var.audit_retention_days >= 30 && var.audit_retention_days <= 3650
    error_message = "audit_retention_days must be from 30 to 3650."
  }
}

variable "create_cluster" {
  description = "Whether to make a VPC and an EKS cluster, which cost from 75 dollars a month. Off: bring your own, or run on one machine."
  type        = bool
  default     = false
}

variable "cluster_version" {
  description = "The Kubernetes version of the cluster."
  type        = string
  default     = "1.34"

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.cluster_version))
    error_message = "cluster_version must look like 1.34."
  }
}

variable "cluster_admins" {
  description = "ARNs of the roles that may administer the cluster."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.cluster_admins : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", arn))])
    error_message = "cluster_admins must be ARNs of IAM roles."
  }
}

variable "cluster_api_addresses" {
  description = "Networks from which the cluster's API answers. None: only from inside the VPC."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for network in var.cluster_api_addresses : can(cidrhost(network, 0)) && !startswith(network, "0.0.0.0/")])
    error_message = "cluster_api_addresses must be networks such as 203.0.113.0/24, and not the whole Internet."
  }
}

variable "vpc_cidr" {
  description = "The addresses of the VPC."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15)) && tonumber(split("/", var.vpc_cidr)[1]) <= 20
    error_message = "vpc_cidr must be an IPv4 network of /20 or larger."
  }
}

variable "existing_cluster" {
  description = "A cluster that is there already: its OIDC provider, and the VPC and subnets for Valkey with the security group of its nodes."
  type = object({
    oidc_provider_arn      = string
    oidc_issuer            = string
    vpc_id                 = string
    subnet_ids             = set(string)
    node_security_group_id = string
  })
  default = null

  validation {
    condition     = var.existing_cluster == null || !var.create_cluster
    error_message = "existing_cluster and create_cluster exclude each other."
  }

  validation {
    condition     = try(startswith(var.existing_cluster.oidc_issuer, "https://"), var.existing_cluster == null)
    error_message = "existing_cluster.oidc_issuer must start with https://."
  }
}

variable "namespace" {
  description = "The Kubernetes namespace of the platform."
  type        = string
  default     = "order-processor"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace must be a Kubernetes name."
  }
}

variable "cache_node_type" {
  description = "The size of a Valkey node. What it holds is small: limits, ended sessions, latest prices."
  type        = string
  default     = "cache.t4g.micro"

  validation {
    condition     = can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", var.cache_node_type))
    error_message = "cache_node_type must look like cache.t4g.micro."
  }
}

variable "valkey_passwords" {
  description = "The password of each Valkey user; needed as soon as there is a cluster. Give it as TF_VAR_valkey_passwords, never in a file."
  type        = map(string)
  default     = {}
  sensitive   = true

  validation {
    condition     = alltrue([for password in values(var.valkey_passwords) : length(password) >= 32 && length(password) <= 128])
    error_message = "valkey_passwords must have 32 to 128 characters each."
  }
}

variable "budget_dollars" {
  description = "The monthly budget; its owner hears at 50 and 80 per cent, and when it is forecast to be overrun."
  type        = number
  default     = 50

  validation {
    condition     = var.budget_dollars >= 1
    error_message = "budget_dollars must be at least 1."
  }
}

variable "budget_email" {
  description = "Who hears about the budget. Empty: no budget is made."
  type        = string
  default     = ""

  validation {
    condition     = var.budget_email == "" || can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.budget_email))
    error_message = "budget_email must be an email address."
  }
}
