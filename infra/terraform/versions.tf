terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }

  # Where the state is kept is said at `terraform init`:
  #   terraform init -backend-config="bucket=MY-STATE-BUCKET"
  backend "gcs" {
    prefix = "quadrille"
  }
}

provider "google" {
  project = var.project
  region  = var.region
  default_labels = {
    application = var.name
    managed-by  = "terraform"
  }
}
