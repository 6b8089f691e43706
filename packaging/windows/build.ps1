# Builds dist\s3browser-<version>-setup.exe. Needs Python 3.11 or newer and Inno Setup 6 (iscc on the PATH or in its
# usual folder). S3BROWSER_SIGN_SHA1: thumbprint of a code-signing certificate in the user's store; without it nothing
# is signed. Not yet run on Windows.
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..\..")

function Invoke-Checked([string] $Program, [string[]] $Arguments) {
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program ended with code $LASTEXITCODE" }
}

function Add-Signature([string[]] $Files) {
    if (-not $env:S3BROWSER_SIGN_SHA1) { return }
    $timestamp = if ($env:S3BROWSER_TIMESTAMP_URL) { @("/tr", $env:S3BROWSER_TIMESTAMP_URL, "/td", "sha256") } else { @() }
    Invoke-Checked "signtool" (@("sign", "/sha1", $env:S3BROWSER_SIGN_SHA1, "/fd", "sha256") + $timestamp + $Files)
}

Invoke-Checked "py" @("packaging\bootstrap.py", "package")

# Smart App Control asks for a signature on every library, not on the program alone.
$unsigned = Get-ChildItem dist\s3browser -Recurse -Include *.exe, *.dll, *.pyd |
    Where-Object { (Get-AuthenticodeSignature $_.FullName).Status -ne "Valid" }
if ($unsigned) { Add-Signature $unsigned.FullName }

$version = (Select-String -Path s3browser\__init__.py -Pattern '^__version__ = "(.+)"$').Matches[0].Groups[1].Value
$iscc = Get-Command iscc -ErrorAction SilentlyContinue
$iscc = if ($iscc) { $iscc.Source } else { Join-Path ${env:ProgramFiles(x86)} "Inno Setup 6\ISCC.exe" }
Invoke-Checked ".venv\Scripts\python.exe" @("packaging\windows\make_ico.py", "build\s3browser.ico")
Invoke-Checked $iscc @("/Qp", "/DVersion=$version", "packaging\windows\s3browser.iss")
Add-Signature @("dist\s3browser-$version-setup.exe")
Write-Output "dist\s3browser-$version-setup.exe"
