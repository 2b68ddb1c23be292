create_clock -name clock -period @PERIOD@ [get_ports @CLOCK@]
