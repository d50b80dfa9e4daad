# SPDX-License-Identifier: GPL-2.0-only
#
# "make demo" builds the module for the stock Debian kernel, the agent and the
# tool before it runs this.

DEMO := tests/demo/demo.sh
