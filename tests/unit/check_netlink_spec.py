#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The header, the kernel's policies and the spec of the netlink family agree.

couche_netlink.yaml is what people review; couche_netlink.h and the policies
of kernel/netlink.c are written by hand. The header is read with the C
preprocessor and a program that prints its numbers, so that what is compared
is what a compiler sees. Speaks TAP.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(TOP, 'uapi', 'couche_netlink.yaml')
UAPI = os.path.join(TOP, 'uapi')

# Enums that the headers had before: their prefix is not the default one.
PREFIX = {
    'leg-state': 'COUCHE_LEG_',
    'migration-state': 'COUCHE_MIGRATION_',
    'extent-flags': 'COUCHE_EXTENT_',
    'sweep-kind': 'COUCHE_SWEEP_',
    'sweep-state': 'COUCHE_SWEEP_',
    'sweep-order': 'COUCHE_SWEEP_',
}
SET_PREFIX = {'couche': 'COUCHE_A_'}


def c_name(name):
    """The spec's name as C spells it."""
    return name.upper().replace('-', '_')


def read_file(*path):
    """The text of a file of the tree."""
    with open(os.path.join(TOP, *path), encoding='utf-8') as file:
        return file.read()


def header_names():
    """Every constant that couche_netlink.h defines."""
    text = re.sub(r'/\*.*?\*/', '', read_file('uapi', 'couche_netlink.h'), flags=re.S)
    names = re.findall(r'^\t(_*COUCHE_\w+)', text, flags=re.M)
    return names + re.findall(r'^#define\s+(COUCHE_\w+)', text, flags=re.M)


def c_values(names):
    """What the compiler takes the names for; None for one it does not know."""
    enums = set(re.findall(r'\b(_*COUCHE_\w+)', read_file('uapi', 'couche_netlink.h') +
                           read_file('uapi', 'couche_format.h')))
    lines = ''.join(f'SHOW({n})\n' for n in names if n in enums)
    source = ('#include <stdio.h>\n#include "couche_format.h"\n#include "couche_netlink.h"\n'
              '#define SHOW(n) printf("%s %lld\\n", #n, (long long)(n));\n'
              'int main(void)\n{\n' + lines + 'return 0;\n}\n')
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'show')
        subprocess.run([os.environ.get('CC', 'gcc'), '-I', UAPI, '-x', 'c', '-', '-o', program],
                       input=source, text=True, check=True)
        output = subprocess.run([program], text=True, check=True, stdout=subprocess.PIPE).stdout
    values = {n: int(v) for n, v in (line.split() for line in output.splitlines())}
    return {n: values.get(n) for n in names}


def expected_attributes(spec):
    """Attribute constants and their numbers."""
    want = {}
    for group in spec['attribute-sets']:
        prefix = SET_PREFIX.get(group['name'], 'COUCHE_A_' + c_name(group['name']) + '_')
        number = 0
        for attribute in group['attributes']:
            number = attribute.get('value', number + 1)
            want[prefix + c_name(attribute['name'])] = number
        want[prefix + 'MAX'] = number
        want['__' + prefix + 'MAX'] = number + 1
    return want


def expected_commands(spec):
    """Command constants and their numbers."""
    want = {}
    number = 0
    for operation in spec['operations']['list']:
        number = operation.get('value', number + 1)
        want['COUCHE_CMD_' + c_name(operation['name'])] = number
    want['COUCHE_CMD_MAX'] = number
    want['__COUCHE_CMD_MAX'] = number + 1
    return want


def expected_definitions(spec):
    """Constants, enums and flags and their numbers."""
    want = {}
    for definition in spec['definitions']:
        if definition['type'] == 'const':
            want[c_name(definition['name'])] = definition['value']
            continue
        prefix = PREFIX.get(definition['name'], 'COUCHE_' + c_name(definition['name']) + '_')
        for number, entry in enumerate(definition['entries']):
            name = entry if isinstance(entry, str) else entry['name']
            value = 1 << number if definition['type'] == 'flags' else number
            want[prefix + c_name(name)] = value
    return want


def differences(want):
    """What the compiler sees differently, a line each."""
    have = c_values(sorted(want))
    return [f'{n}: the spec says {want[n]}, the header {have[n]}'
            for n in sorted(want) if have[n] != want[n]]


def check_nothing_else(spec):
    """The header has no number that the spec does not know."""
    known = set(expected_attributes(spec)) | set(expected_commands(spec))
    known |= set(expected_definitions(spec))
    known |= {'COUCHE_FAMILY_NAME', 'COUCHE_FAMILY_VERSION', 'COUCHE_EXTENT_BATCH'}
    known |= {'COUCHE_MCGRP_' + c_name(g['name']) for g in spec['mcast-groups']['list']}
    known |= set(name_tables(spec))
    return [f'{n}: not in the spec' for n in header_names() if n not in known]


def name_tables(spec):
    """COUCHE_<ENUM>_NAMES of each enum: what it has to say."""
    return {f'COUCHE_{c_name(d["name"])}_NAMES':
            {f'COUCHE_{c_name(d["name"].split("-")[0])}_{c_name(e["name"])}': e['name']
             for e in d['entries'] if isinstance(e, dict)}
            for d in spec['definitions'] if d['type'] == 'enum'}


def check_tables(spec):
    """Tables of names in the header hold the names of the spec."""
    text = read_file('uapi', 'couche_netlink.h')
    wrong = []
    for table, names in name_tables(spec).items():
        body = re.search(rf'^#define\s+{table}\s+(\{{.*?\}})$', text, flags=re.M | re.S)
        if body:
            said = dict(re.findall(r'\[(\w+)\] = "([^"]*)"', body[1]))
            wrong += [f'{table}: {n}' for n in sorted(set(said.items()) ^ set(names.items()))]
    return wrong


def check_names(spec):
    """Family and groups have the names of the spec."""
    text = read_file('uapi', 'couche_netlink.h')
    want = {'COUCHE_FAMILY_NAME': spec['name']}
    for group in spec['mcast-groups']['list']:
        want['COUCHE_MCGRP_' + c_name(group['name'])] = group['name']
    return [f'{n} is not "{v}"' for n, v in want.items()
            if not re.search(rf'^#define\s+{n}\s+"{v}"$', text, flags=re.M)]


def kernel_requests():
    """Which attributes each command of kernel/netlink.c takes, and its forms."""
    text = read_file('kernel', 'netlink.c')
    policies = {}
    for name, body in re.findall(r'struct nla_policy (\w+)\[\] = \{(.*?)\n\};', text, flags=re.S):
        policies[name] = set(re.findall(r'\[(COUCHE_A_\w+)\]', body))
    commands = {}
    table = re.search(r'struct genl_ops couche_ops\[\] = \{(.*?)\n\};', text, flags=re.S)
    for entry in re.findall(r'\{(.*?)\}', table.group(1), flags=re.S):
        command = re.search(r'COUCHE_CMD_\w+', entry).group(0)
        forms = {form for form, mark in (('do', '.doit'), ('dump', 'DUMPS(')) if mark in entry}
        commands[command] = (policies[re.search(r'TAKES\((\w+)\)', entry).group(1)], forms)
    return commands


def check_requests(spec):
    """The kernel takes what the spec says a request carries, no more."""
    have = kernel_requests()
    wrong = []
    for operation in spec['operations']['list']:
        command = 'COUCHE_CMD_' + c_name(operation['name'])
        forms = {form for form in ('do', 'dump') if form in operation}
        if not forms:
            continue
        attributes = {'COUCHE_A_' + c_name(a) for form in forms
                      for a in operation[form]['request']['attributes']}
        if have.get(command) != (attributes, forms):
            wrong.append(f'{command}: the spec says {sorted(attributes)} {sorted(forms)}, '
                         f'the kernel {have.get(command)}')
        have.pop(command, None)
    return wrong + [f'{command}: not in the spec' for command in have]


def check_sent(spec):
    """Every attribute that leaves the kernel is put, every one put is known."""
    text = read_file('kernel', 'netlink_put.c') + read_file('kernel', 'netlink_event.c') + \
        read_file('kernel', 'netlink.c')
    text = re.sub(r'struct nla_policy \w+\[\] = \{.*?\n\};', '', text, flags=re.S)
    put = set(re.findall(r'(?:put\w*|COLUMN|nest_start)\((?:[^()]*?,\s*)?(COUCHE_A_\w+)', text))
    put |= set(re.findall(r'(COUCHE_A_(?:\w+_)?PAD)', text))
    sent = {'COUCHE_A_PAD'}
    for operation in spec['operations']['list']:
        for part in ('do', 'dump'):
            reply = operation.get(part, {}).get('reply', {})
            sent |= {'COUCHE_A_' + c_name(a) for a in reply.get('attributes', [])}
        event = operation.get('event', {})
        sent |= {'COUCHE_A_' + c_name(a) for a in event.get('attributes', [])}
    for nest in spec['attribute-sets'][1:]:
        sent |= {f'COUCHE_A_{c_name(nest["name"])}_' + c_name(a['name'])
                 for a in nest['attributes']}
    return [f'{n}: never put into a message' for n in sorted(sent - put)] + \
        [f'{n}: put, but in no reply of the spec' for n in sorted(put - sent)]


def check_used(spec):
    """Every attribute belongs to some message, and every one named exists."""
    text = json.dumps(spec['operations'])
    names = [a['name'] for a in spec['attribute-sets'][0]['attributes']]
    used = set(re.findall(r'"([a-z0-9-]+)"', text))
    wrong = [f'{n}: in no message' for n in names if n != 'pad' and n not in used]
    for operation in spec['operations']['list']:
        for part in ('do', 'dump'):
            for side in ('request', 'reply'):
                given = operation.get(part, {}).get(side, {}).get('attributes', [])
                wrong += [f'{operation["name"]}: no attribute {a}' for a in given
                          if a not in names]
    return wrong


def main():
    """Run every check."""
    with open(SPEC, encoding='utf-8') as file:
        spec = yaml.safe_load(file)
    checks = (
        ('attributes have the numbers of the spec', lambda: differences(expected_attributes(spec))),
        ('commands have the numbers of the spec', lambda: differences(expected_commands(spec))),
        ('enums and flags have the numbers of the spec',
         lambda: differences(expected_definitions(spec))),
        ('the header has nothing beside the spec', lambda: check_nothing_else(spec)),
        ('tables of names say what the spec says', lambda: check_tables(spec)),
        ('family and groups have the names of the spec', lambda: check_names(spec)),
        ('the kernel takes the requests of the spec', lambda: check_requests(spec)),
        ('the kernel sends the attributes of the spec', lambda: check_sent(spec)),
        ('every attribute of the spec belongs to a message', lambda: check_used(spec)),
    )
    failed = 0
    print(f'1..{len(checks)}')
    for number, (name, check) in enumerate(checks, 1):
        wrong = check()
        failed += bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {number} - {name}')
        for line in wrong:
            print(f'# {line}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
