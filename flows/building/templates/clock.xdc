create_clock -name clock -period 10.000 [get_ports @CLOCK@]
