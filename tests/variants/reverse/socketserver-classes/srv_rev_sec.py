import inverso

inverso.run(inverso.Server)
