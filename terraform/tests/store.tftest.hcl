# The table has the shape that the program expects, and cannot be lost by accident.
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

# Tests have one workspace for all environments; state.tftest.hcl says what happens without this.
override_module {
  target = module.own_state
}

run "development_needs_nothing_but_its_name" {
  command = plan

  variables {
    environment = "dev"
  }

  assert {
    condition     = aws_dynamodb_table.store.name == "cnop-dev" && output.store_url == "dynamodb://us-east-1/cnop-dev"
    error_message = "The table is not where the services will look for it."
  }

  assert {
    condition     = aws_dynamodb_table.store.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table is not billed on demand."
  }

  assert {
    condition     = aws_dynamodb_table.store.hash_key == "pk" && aws_dynamodb_table.store.range_key == "sk"
    error_message = "The table has other keys than the program."
  }

  assert {
    condition = [for index in aws_dynamodb_table.store.global_secondary_index : [
      index.name, index.hash_key, index.range_key, index.projection_type
    ]] == [["gsi1", "gsi1pk", "gsi1sk", "ALL"]]
    error_message = "The index is not the program's."
  }

  assert {
    condition     = aws_dynamodb_table.store.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.store.ttl[0].enabled
    error_message = "Items do not expire."
  }

  assert {
    condition     = aws_dynamodb_table.store.deletion_protection_enabled
    error_message = "The table could be deleted by accident."
  }

  assert {
    condition = (
      aws_dynamodb_table.store.point_in_time_recovery[0].enabled
      && aws_dynamodb_table.store.point_in_time_recovery[0].recovery_period_in_days == 35
      && aws_dynamodb_table.store.server_side_encryption[0].enabled
    )
    error_message = "The table is not recoverable, or not under our key."
  }

  assert {
    condition     = length(module.cluster) == 0 && length(module.service_role) == 0 && length(aws_elasticache_replication_group.this) == 0
    error_message = "Development made something that costs by the hour."
  }
}

run "erasures_are_kept_in_a_table_of_their_own" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = aws_dynamodb_table.erasures.name == "cnop-prod-erasures" && output.erasure_register_url == "dynamodb://us-east-1/cnop-prod-erasures"
    error_message = "The register is not where the user service will look for it."
  }

  assert {
    condition = (
      aws_dynamodb_table.erasures.deletion_protection_enabled
      && aws_dynamodb_table.erasures.point_in_time_recovery[0].enabled
      && aws_dynamodb_table.erasures.server_side_encryption[0].enabled
      && aws_dynamodb_table.erasures.hash_key == "pk" && aws_dynamodb_table.erasures.range_key == "sk"
    )
    error_message = "The register could be lost, or is not under our key."
  }

  # With a time to live, whoever may add could also remove.
  assert {
    condition     = length(aws_dynamodb_table.erasures.ttl) == 0
    error_message = "Entries of the register could expire."
  }

  assert {
    condition     = output.people_key == "arn:aws:kms:us-east-1:123456789012:alias/cnop-prod-people"
    error_message = "The key of personal data is not named as the manifests name it."
  }
}

run "audit_archive_cannot_be_changed_in_production" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = aws_s3_bucket.audit.object_lock_enabled && !aws_s3_bucket.audit.force_destroy
    error_message = "The archive can be emptied."
  }

  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].mode == "COMPLIANCE"
      && aws_s3_bucket_object_lock_configuration.audit.rule[0].default_retention[0].days == 400
    )
    error_message = "What is archived can be changed."
  }
}

run "images_are_scanned_and_their_tags_stay" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition = alltrue([
      for repository in aws_ecr_repository.this :
      repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push
    ])
    error_message = "An image can be replaced under its tag, or is not scanned."
  }
}

run "budget_warns_whoever_is_named" {
  command = plan

  variables {
    environment  = "dev"
    budget_email = "owner@example.org"
  }

  assert {
    condition     = aws_budgets_budget.monthly[0].limit_amount == "50" && length(aws_budgets_budget.monthly[0].notification) == 3
    error_message = "Nobody would hear of the cost."
  }
}

run "wrong_environment_is_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

run "wrong_names_and_numbers_are_refused" {
  command = plan

  variables {
    environment           = "dev"
    project               = "Cnop"
    aws_region            = "nowhere"
    recovery_days         = 36
    audit_retention_days  = 1
    cluster_admins        = ["root"]
    cluster_api_addresses = ["0.0.0.0/0"]
    cluster_version       = "latest"
    vpc_cidr              = "10.0.0.0/24"
    namespace             = "Not_A_Name"
    cache_node_type       = "t4g.micro"
    valkey_passwords      = { users = "short" }
    budget_dollars        = 0
    budget_email          = "nobody"
    max_request_units     = { read = 1, write = 1 }
  }

  expect_failures = [
    var.project, var.aws_region, var.recovery_days, var.audit_retention_days, var.cluster_admins,
    var.cluster_api_addresses, var.cluster_version, var.vpc_cidr, var.namespace, var.cache_node_type,
    var.valkey_passwords, var.budget_dollars, var.budget_email, var.max_request_units,
  ]
}
