# The shop's address, its name and its certificate. The chart's ingress takes address and certificate
# by name; see values-gke.yaml.
resource "google_compute_global_address" "shop" {
  name       = var.name
  depends_on = [google_project_service.used]
}

resource "google_dns_managed_zone" "shop" {
  name        = var.name
  dns_name    = "${var.domain}."
  description = "The shop"

  dnssec_config {
    state = "on"
  }

  depends_on = [google_project_service.used]
}

resource "google_dns_record_set" "shop" {
  managed_zone = google_dns_managed_zone.shop.name
  name         = google_dns_managed_zone.shop.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_global_address.shop.address]
}

# Only Google may issue certificates for the name.
resource "google_dns_record_set" "authorities" {
  managed_zone = google_dns_managed_zone.shop.name
  name         = google_dns_managed_zone.shop.dns_name
  type         = "CAA"
  ttl          = 3600
  rrdatas      = ["0 issue \"pki.goog\""]
}

# Issued when the parent domain points here, renewed by itself.
resource "google_compute_managed_ssl_certificate" "shop" {
  name = var.name

  managed {
    domains = [var.domain]
  }

  depends_on = [google_project_service.used]
}

# The shop's images.
resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of ${var.name}"

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.used]
}
