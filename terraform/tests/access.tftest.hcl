# Each service account has a role of its own, which no other can take and which reaches only its own items.
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
  environment = "prod"

  existing_cluster = {
    oidc_provider_arn      = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1"
    oidc_issuer            = "https://oidc.example.org/id/1"
    vpc_id                 = "vpc-1"
    subnet_ids             = ["subnet-1", "subnet-2"]
    node_security_group_id = "sg-1"
  }

  valkey_passwords = {
    users     = "0123456789abcdef0123456789abcdef"
    inventory = "0123456789abcdef0123456789abcdef"
    feed      = "0123456789abcdef0123456789abcdef"
    orders    = "0123456789abcdef0123456789abcdef"
    engine    = "0123456789abcdef0123456789abcdef"
    cli       = "0123456789abcdef0123456789abcdef"
  }
}

# Tests have one workspace for all environments; state.tftest.hcl says what happens without this.
override_module {
  target = module.own_state
}

run "roles" {
  command = plan

  assert {
    condition = toset(keys(module.service_role)) == toset([
      "user-service", "inventory-service", "order-service", "price-feed", "order-engine", "operations", "web", "gateway",
    ])
    error_message = "A component has no role, or a role no component."
  }

  assert {
    condition = alltrue([
      for account, role in module.service_role : jsondecode(role.trust).Statement == [{
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/oidc.example.org/id/1" }
        Condition = {
          StringEquals = {
            "oidc.example.org/id/1:sub" = "system:serviceaccount:order-processor:${account}"
            "oidc.example.org/id/1:aud" = "sts.amazonaws.com"
          }
        }
      }]
    ])
    error_message = "A role can be taken by another than its one service account."
  }

  # Whatever touches items names their keys; only the operators' role may look at the whole table, and none may write it.
  assert {
    condition = alltrue(flatten([
      for account, role in module.service_role : [
        for statement in jsondecode(role.policy).Statement : (
          can(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"][0])
          && try(statement.Condition.Null["dynamodb:LeadingKeys"], "") == "false"
          || account == "operations" && statement.Sid == "WholeTable"
        ) if startswith(flatten([statement.Action])[0], "dynamodb:")
      ]
    ]))
    error_message = "A role reaches items whose keys it does not name."
  }

  assert {
    condition = alltrue(flatten([
      for role in module.service_role : [
        for statement in jsondecode(role.policy).Statement : [
          for pattern in statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] :
          !anytrue([for kept in ["WALLET", "AUDIT", "*"] : startswith(pattern, kept)])
        ] if statement.Sid == "Delete"
      ]
    ]))
    error_message = "Somebody may delete what is kept for good."
  }

  # The register of erasures: the user service adds to it and reads it, and that is all that anybody may do there.
  assert {
    condition = {
      for account, role in module.service_role : account => flatten([
        for statement in jsondecode(role.policy).Statement : statement.Action
        if statement.Resource == "arn:aws:dynamodb:us-east-1:123456789012:table/cnop-prod-erasures"
      ]) if strcontains(role.policy, "-erasures")
    } == { "user-service" = ["dynamodb:PutItem", "dynamodb:Query"] }
    error_message = "Erasures can be forgotten, or somebody else may touch them."
  }

  assert {
    condition = alltrue([
      for account in ["inventory-service", "price-feed", "web", "gateway"] :
      !strcontains(module.service_role[account].policy, "WALLET") && !strcontains(module.service_role[account].policy, "USER#")
    ])
    error_message = "What moves no money reaches wallets or accounts."
  }

  assert {
    condition = alltrue(flatten([
      for role in module.service_role : [
        for statement in jsondecode(role.policy).Statement :
        !contains(flatten([statement.Resource]), "*") && !anytrue([for action in flatten([statement.Action]) : endswith(action, "*")])
      ]
    ]))
    error_message = "A role may do anything, or to anything."
  }

  assert {
    condition = [
      for statement in jsondecode(module.service_role["web"].policy).Statement : statement.Resource if statement.Sid == "OwnSecrets"
    ] == [["arn:aws:secretsmanager:us-east-1:123456789012:secret:cnop/prod/web-??????"]]
    error_message = "A component reads other secrets than its own."
  }

  assert {
    condition = {
      for account, role in module.service_role : account => [
        for statement in jsondecode(role.policy).Statement : statement.Condition if statement.Sid == "WrapDataKeys"
      ] if strcontains(role.policy, "WrapDataKeys")
      } == {
      for account in ["operations", "user-service"] : account => [{
        StringEquals               = { "kms:EncryptionContext:purpose" = "cnop data key" }
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/cnop-prod-people" }
      }]
    }
    error_message = "Somebody else may open data keys, or they may open something else."
  }
}

run "valkey_speaks_tls_with_known_users_only" {
  command = plan

  assert {
    condition = (
      aws_elasticache_replication_group.this[0].engine == "valkey"
      && aws_elasticache_replication_group.this[0].transit_encryption_enabled
      && aws_elasticache_replication_group.this[0].transit_encryption_mode == "required"
      && aws_elasticache_replication_group.this[0].at_rest_encryption_enabled == "true"
      && aws_elasticache_replication_group.this[0].multi_az_enabled
    )
    error_message = "Valkey is open, or has no second zone."
  }

  assert {
    condition = alltrue([
      for user in aws_elasticache_user.this : user.authentication_mode[0].type == "password" && startswith(user.access_string, "on ")
    ]) && length(aws_elasticache_user.this) == 6
    error_message = "A user of Valkey needs no password."
  }

  # Only the feed may publish prices.
  assert {
    condition = [
      for name, user in aws_elasticache_user.this : name if can(regex("\\+publish [^)]*&cnop:prices", user.access_string))
    ] == ["feed"]
    error_message = "Another than the feed may publish prices."
  }
}

run "valkey_without_passwords_is_refused" {
  command = plan

  variables {
    valkey_passwords = {}
  }

  expect_failures = [aws_elasticache_replication_group.this]
}

run "two_clusters_are_refused" {
  command = plan

  variables {
    create_cluster = true
  }

  override_data {
    target = module.cluster[0].data.aws_availability_zones.this
    values = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }

  override_resource {
    target = module.cluster[0].aws_eks_cluster.this
    values = { identity = [{ oidc = [{ issuer = "https://oidc.example.org/id/1" }] }] }
  }

  expect_failures = [var.existing_cluster]
}
