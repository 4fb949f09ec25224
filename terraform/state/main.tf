# Made once for an account, before production is: the place where Terraform keeps its state. See ../README.md.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
  }
}

provider "aws" {
  region = var.aws_region
}

variable "project" {
  description = "The first part of every name, as in the main configuration."
  type        = string
  default     = "cnop"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.project))
    error_message = "project must be 3 to 20 lower-case letters, digits and hyphens, and start with a letter."
  }
}

variable "aws_region" {
  description = "Where the state is kept."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be the name of a region, such as us-east-1."
  }
}

data "aws_caller_identity" "current" {}

locals {
  bucket = "${var.project}-terraform-${data.aws_caller_identity.current.account_id}"
}

resource "aws_kms_key" "state" {
  #checkov:skip=CKV2_AWS_64:The default policy lets this account's IAM decide, which is what is wanted.
  description             = "${var.project}: Terraform's state"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_144:Every version is kept; what state describes could be imported again.
  #checkov:skip=CKV2_AWS_62:Nothing has to happen when the state changes.
  #checkov:skip=CKV_AWS_18:A log bucket would need one of its own; CloudTrail sees who reads the state.
  #checkov:skip=CKV2_AWS_61:States are small and old versions are what one goes back to.
  bucket = local.bucket
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

output "backend" {
  description = "The file ../backend.tf, which makes the main configuration keep its state there, one object an environment."
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket               = "${local.bucket}"
        workspace_key_prefix = "${var.project}"
        key                  = "terraform.tfstate"
        region               = "${var.aws_region}"
        kms_key_id           = "${aws_kms_key.state.arn}"
        encrypt              = true
        use_lockfile         = true
      }
    }
  EOT
}
