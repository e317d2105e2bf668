variable "project" {
  description = "Google Cloud project that everything is made in; it has billing and an owner who may enable services."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is a project id, 6 to 30 small letters, digits and hyphens, not its number or display name."
  }
}

variable "region" {
  description = "Region of the cluster; its nodes are spread over three of its zones."
  type        = string
  default     = "europe-west3"
}

variable "name" {
  description = "Name of the shop, at the front of what is made."
  type        = string
  default     = "quadrille"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name has 3 to 20 small letters, digits and hyphens and begins with a letter."
  }
}

variable "domain" {
  description = "DNS name of the shop, such as shop.example.com. A public zone of it is made; its name servers are an output, to be entered where the parent domain is kept."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a full name in small letters without a dot at its end, such as shop.example.com."
  }
}

variable "operators_cidrs" {
  description = "Networks that may reach the cluster's API, as CIDR by name, such as { office = \"203.0.113.0/24\" }."
  type        = map(string)

  validation {
    condition     = length(var.operators_cidrs) > 0 && alltrue([for cidr in values(var.operators_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "operators_cidrs names at least one network, each as CIDR such as 203.0.113.0/24."
  }

  validation {
    condition     = !contains(values(var.operators_cidrs), "0.0.0.0/0")
    error_message = "operators_cidrs would open the cluster's API to everyone; name the operators' own networks."
  }
}

variable "release_channel" {
  description = "How eagerly Google updates the cluster: RAPID, REGULAR or STABLE."
  type        = string
  default     = "STABLE"

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE"], var.release_channel)
    error_message = "release_channel is RAPID, REGULAR or STABLE."
  }
}

variable "stable_machine_type" {
  description = "Machine type of the stable pool, which Kafka, MongoDB and one of each service's pods run on. The examples in infra/helm/production ask for 2 cores and 8 GiB in each zone, beside the services."
  type        = string
  default     = "e2-standard-4"
}

variable "stable_nodes_per_zone" {
  description = "Nodes of the stable pool in each of the three zones."
  type        = number
  default     = 1

  validation {
    condition     = var.stable_nodes_per_zone >= 1 && var.stable_nodes_per_zone <= 20
    error_message = "stable_nodes_per_zone is 1 to 20; with none a zone has no broker and no database."
  }
}

variable "spot_machine_type" {
  description = "Machine type of the spot pool, which takes the services' further pods. Google takes spot machines away at 30 seconds' notice."
  type        = string
  default     = "e2-standard-2"
}

variable "spot_nodes_max" {
  description = "Most nodes of the spot pool in all zones together; it begins with none."
  type        = number
  default     = 6

  validation {
    condition     = var.spot_nodes_max >= 0 && var.spot_nodes_max <= 100
    error_message = "spot_nodes_max is 0 to 100."
  }
}

variable "backup_retention_days" {
  description = "Days for which a backup can neither be changed nor deleted, and after which it is deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 3650
    error_message = "backup_retention_days is 1 to 3650."
  }
}

variable "backup_service_account" {
  description = "Kubernetes service account, NAMESPACE/NAME, that may write backups and read them."
  type        = string
  default     = "shop/backup"

  validation {
    condition     = can(regex("^[a-z0-9-]+/[a-z0-9-]+$", var.backup_service_account))
    error_message = "backup_service_account is NAMESPACE/NAME, such as shop/backup."
  }
}

variable "deletion_protection" {
  description = "Whether `terraform destroy` refuses to delete the cluster."
  type        = bool
  default     = true
}
