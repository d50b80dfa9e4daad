/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MODULEPARAM_H
#define SHIM_MODEL_MODULEPARAM_H

#define module_param(name, type, mode) _Static_assert(sizeof(name), "")
#define module_param_named(name, value, type, mode) _Static_assert(sizeof(value), "")
#define MODULE_PARM_DESC(name, text) _Static_assert(1, "")
#define THIS_MODULE NULL
#define KBUILD_MODNAME "dm_couche"

#endif
