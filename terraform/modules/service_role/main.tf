# A role for exactly one service account. Its tokens live for minutes; there is no access key anywhere.
resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Of the service account ${var.namespace}/${var.service_account}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = var.oidc_provider_arn }
        Condition = {
          StringEquals = {
            "${local.issuer}:sub" = "system:serviceaccount:${var.namespace}:${var.service_account}"
            "${local.issuer}:aud" = "sts.amazonaws.com"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "what-it-needs"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

locals {
  issuer = trimprefix(var.oidc_issuer, "https://")

  # What a key pattern allows; an empty list gives no statement. A request that names no key at all matches none.
  kinds = var.store == null ? {} : {
    Read = {
      actions  = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem"]
      resource = var.store.table_arn
      keys     = var.store.read
    }
    ReadIndex = {
      actions  = ["dynamodb:Query"]
      resource = "${var.store.table_arn}/index/gsi1"
      keys     = var.store.index
    }
    Write = {
      actions  = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
      resource = var.store.table_arn
      keys     = var.store.write
    }
    Delete = {
      actions  = ["dynamodb:DeleteItem"]
      resource = var.store.table_arn
      keys     = var.store.delete
    }
  }

  # Read and added to. Nothing is deleted from it or changed in part.
  erasures = var.erasures_arn == null ? {} : {
    ReadErasures = { actions = ["dynamodb:Query"], resource = var.erasures_arn, keys = ["ERASED"] }
    AddErasures  = { actions = ["dynamodb:PutItem"], resource = var.erasures_arn, keys = ["ERASED"] }
  }

  keyed = [
    for name, kind in merge(local.kinds, local.erasures) : {
      Sid      = name
      Effect   = "Allow"
      Action   = kind.actions
      Resource = kind.resource
      Condition = {
        "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = kind.keys }
        Null                      = { "dynamodb:LeadingKeys" = "false" }
      }
    } if length(kind.keys) > 0
  ]

  whole_table = try(var.store.scans, false) ? [
    {
      Sid      = "WholeTable"
      Effect   = "Allow"
      Action   = ["dynamodb:Scan", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"]
      Resource = var.store.table_arn
    },
  ] : []

  archive = concat(
    [
      for archive in var.audit_archive[*] : {
        Sid      = "AddToArchive"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:GetObject"]
        Resource = "${archive.bucket_arn}/*"
      }
    ],
    [
      for archive in var.audit_archive[*] : {
        Sid      = "ListArchive"
        Effect   = "Allow"
        Action   = ["s3:ListBucketVersions"]
        Resource = archive.bucket_arn
      }
    ],
  )

  secrets = [
    {
      Sid      = "OwnSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
      Resource = var.secrets.arns
    },
  ]

  # Keys are named by their alias and only through the service that uses them, never for use by hand.
  unlocked = concat(
    [{ service = "secretsmanager", alias = var.secrets.key_alias, actions = ["kms:Decrypt"] }],
    [for store in var.store[*] : { service = "dynamodb", alias = store.key_alias, actions = ["kms:Decrypt", "kms:DescribeKey"] }],
    [for archive in var.audit_archive[*] : { service = "s3", alias = archive.key_alias, actions = ["kms:Decrypt", "kms:GenerateDataKey"] }],
  )

  keys = [
    for key in local.unlocked : {
      Sid      = "KeyThrough${title(key.service)}"
      Effect   = "Allow"
      Action   = key.actions
      Resource = "arn:${var.partition}:kms:${var.region}:${var.account}:key/*"
      Condition = {
        StringEquals               = { "kms:ViaService" = "${key.service}.${var.region}.amazonaws.com" }
        "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = key.alias }
      }
    }
  ]

  # Used by hand, and for nothing else than data keys: each call has to say so.
  wrapping = concat(
    [
      for alias in var.people_key_alias[*] : {
        Sid      = "WrapDataKeys"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:Decrypt"]
        Resource = "arn:${var.partition}:kms:${var.region}:${var.account}:key/*"
        Condition = {
          StringEquals               = { "kms:EncryptionContext:purpose" = "cnop data key" }
          "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = alias }
        }
      }
    ],
    [
      for alias in var.people_key_alias[*] : {
        Sid       = "NameKeyOfDataKeys"
        Effect    = "Allow"
        Action    = ["kms:DescribeKey"]
        Resource  = "arn:${var.partition}:kms:${var.region}:${var.account}:key/*"
        Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = alias } }
      }
    ],
  )

  statements = concat(local.keyed, local.whole_table, local.archive, local.secrets, local.keys, local.wrapping)
}
