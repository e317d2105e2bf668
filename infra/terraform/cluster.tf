# A regional cluster: its control plane and its nodes are in three zones.
resource "google_container_cluster" "shop" {
  name                = var.name
  location            = var.region
  network             = google_compute_network.shop.id
  subnetwork          = google_compute_subnetwork.nodes.id
  deletion_protection = var.deletion_protection

  # Pools of their own follow; the one that comes with a cluster can't be changed in place.
  remove_default_node_pool = true
  initial_node_count       = 1

  # Dataplane V2 enforces the chart's network policies.
  datapath_provider = "ADVANCED_DATAPATH"
  networking_mode   = "VPC_NATIVE"

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = false
    master_ipv4_cidr_block  = "172.16.0.0/28"
  }

  master_authorized_networks_config {
    dynamic "cidr_blocks" {
      for_each = var.operators_cidrs
      content {
        display_name = cidr_blocks.key
        cidr_block   = cidr_blocks.value
      }
    }
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  release_channel {
    channel = var.release_channel
  }

  maintenance_policy {
    recurring_window {
      start_time = "2026-01-01T02:00:00Z"
      end_time   = "2026-01-01T06:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=TU,WE,TH"
    }
  }

  addons_config {
    gce_persistent_disk_csi_driver_config {
      enabled = true
    }
    http_load_balancing {
      disabled = false
    }
  }
}

# What nodes may do: write logs and metrics, and fetch images.
resource "google_service_account" "nodes" {
  account_id   = "${var.name}-nodes"
  display_name = "Nodes of ${var.name}"
}

resource "google_project_iam_member" "nodes" {
  for_each = toset([
    "roles/artifactregistry.reader",
    "roles/container.defaultNodeServiceAccount",
  ])

  project = var.project
  role    = each.value
  member  = google_service_account.nodes.member
}

# Machines that stay: Kafka, MongoDB, and whatever does not ask for others.
resource "google_container_node_pool" "stable" {
  name       = "stable"
  cluster    = google_container_cluster.shop.id
  node_count = var.stable_nodes_per_zone

  node_config {
    machine_type    = var.stable_machine_type
    disk_type       = "pd-balanced"
    disk_size_gb    = 50
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = { pool = "stable" }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  # One broker and one database member at a time.
  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }
}

# Cheap machines that may be taken away, as many as the autoscalers ask for. Only pods that tolerate it
# come here: values-gke.yaml lets the services.
resource "google_container_node_pool" "spot" {
  name               = "spot"
  cluster            = google_container_cluster.shop.id
  initial_node_count = 0

  autoscaling {
    total_min_node_count = 0
    total_max_node_count = var.spot_nodes_max
    location_policy      = "ANY"
  }

  node_config {
    machine_type    = var.spot_machine_type
    spot            = true
    disk_type       = "pd-balanced"
    disk_size_gb    = 50
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = { pool = "spot" }

    taint {
      key    = "spot"
      value  = "true"
      effect = "NO_SCHEDULE"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }
}
