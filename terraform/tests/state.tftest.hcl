# Tests run in the workspace "default", which is no environment's.
run "no_environment_is_planned_in_the_state_of_another" {
  command = plan

  module {
    source = "./modules/own_state"
  }

  variables {
    environment = "dev"
  }

  expect_failures = [output.workspace]
}

run "an_environment_is_planned_in_its_own_state" {
  command = plan

  module {
    source = "./modules/own_state"
  }

  variables {
    environment = "default"
  }

  assert {
    condition     = output.workspace == "default"
    error_message = "The workspace is not the one that was asked about."
  }
}
