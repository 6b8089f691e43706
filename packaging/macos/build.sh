#!/bin/bash
# Builds dist/s3browser-<version>.dmg with s3browser.app in it. Not yet run on macOS.
#   S3BROWSER_SIGN_IDENTITY    "Developer ID Application: …"; without it the program is signed for this Mac only
#   S3BROWSER_NOTARY_PROFILE   a profile of `xcrun notarytool store-credentials`; without it nothing is notarized
set -euo pipefail
cd "$(dirname "$0")/../.."

python3 packaging/bootstrap.py package
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' s3browser/__init__.py)
app=dist/s3browser.app
dmg=dist/s3browser-$version.dmg

if [ -n "${S3BROWSER_SIGN_IDENTITY:-}" ]; then
    # from the inside out: a signature covers what is signed below it
    find "$app" -type f \( -name '*.dylib' -o -name '*.so' \) -print0 |
        xargs -0 codesign --force --timestamp --options runtime --sign "$S3BROWSER_SIGN_IDENTITY"
    codesign --force --deep --timestamp --options runtime --entitlements packaging/macos/entitlements.plist \
        --sign "$S3BROWSER_SIGN_IDENTITY" "$app"
    codesign --verify --deep --strict "$app"
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
rm -f "$dmg"
hdiutil create -volname s3browser -srcfolder "$stage" -format UDZO "$dmg"

if [ -n "${S3BROWSER_SIGN_IDENTITY:-}" ]; then
    codesign --timestamp --sign "$S3BROWSER_SIGN_IDENTITY" "$dmg"
fi
if [ -n "${S3BROWSER_NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$dmg" --keychain-profile "$S3BROWSER_NOTARY_PROFILE" --wait
    xcrun stapler staple "$dmg"
fi
echo "$dmg"
