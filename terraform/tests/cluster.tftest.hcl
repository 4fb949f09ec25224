# The optional cluster: private, encrypted, with spare capacity in production only.
mock_provider "aws" {
  override_during = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }
}

variables {
  name              = "cnop-prod"
  cluster_version   = "1.34"
  vpc_cidr          = "10.0.0.0/16"
  spare_capacity    = true
  admins            = ["arn:aws:iam::123456789012:role/admin"]
  api_addresses     = []
  region            = "us-east-1"
  partition         = "aws"
  secrets_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/1"
  logs_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/2"
  log_days          = 365
  protect_from_loss = true
}

run "production" {
  command = plan

  module {
    source = "./modules/cluster"
  }

  override_data {
    target = data.aws_availability_zones.this
    values = { names = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"] }
  }

  override_resource {
    target = aws_eks_cluster.this
    values = { identity = [{ oidc = [{ issuer = "https://oidc.example.org/id/1" }] }] }
  }

  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "The cluster's API answers to the Internet."
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_subnet.private) == 3
    error_message = "A zone depends on another."
  }

  assert {
    condition     = aws_launch_template.nodes.metadata_options[0].http_tokens == "required" && aws_launch_template.nodes.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Pods can take the role of their node."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "Whatever starts in a public subnet gets a public address."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.this["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "Nothing would enforce network policies."
  }
}

run "development_pays_for_one_way_out" {
  command = plan

  module {
    source = "./modules/cluster"
  }

  variables {
    name           = "cnop-dev"
    spare_capacity = false
    api_addresses  = ["203.0.113.0/24"]
  }

  override_data {
    target = data.aws_availability_zones.this
    values = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }

  override_resource {
    target = aws_eks_cluster.this
    values = { identity = [{ oidc = [{ issuer = "https://oidc.example.org/id/1" }] }] }
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1
    error_message = "Development pays for spare capacity."
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && tolist(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == tolist(["203.0.113.0/24"])
    error_message = "The API does not answer where it was asked to."
  }
}
