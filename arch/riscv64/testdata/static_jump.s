nop
jal zero, 2
jal zero, -2
jal zero, 4
jal zero, 1048574
jal zero, -1048576
